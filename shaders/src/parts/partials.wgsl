// What a split leaves: for each query the sums of its values in quads, and behind them its highest score and the total of
// exp(score - highest). The kernel declares `params`, LANES, `shares` and `of_lanes`, whose contents it is done with.

// Where those of a query are in qkv: row t, head h of the group.
fn partials_start(query: u32, head: u32, split: u32) -> u32 {
    let row = (query / params.group) * params.stride + params.partials;
    return row + (split * params.heads + head * params.group + query % params.group) * (params.quads + 1u);
}

// Joins the lanes' sums of four queries, in which a lane has eight elements of a slice's positions (a column a query).
fn store_partials(
    low: mat4x4<f32>, high: mat4x4<f32>, total: vec4<f32>, highest: vec4<f32>,
    group: vec3<u32>, last: vec4<u32>, begin: u32, lane: u32,
) {
    workgroupBarrier();
    shares[lane] = low[0];
    shares[lane + LANES] = low[1];
    shares[lane + LANES * 2u] = low[2];
    shares[lane + LANES * 3u] = low[3];
    shares[lane + LANES * 4u] = high[0];
    shares[lane + LANES * 5u] = high[1];
    shares[lane + LANES * 6u] = high[2];
    shares[lane + LANES * 7u] = high[3];
    of_lanes[lane] = total;
    workgroupBarrier();
    let eights = params.quads >> 1u;
    let all = params.group * step.count;
    let lasts = last;
    for (var i = lane; i < params.quads * 4u; i += LANES) {
        let own = i / params.quads;
        let quad = i % params.quads;
        let query = group.z * 4u + own;
        // A row that sees nothing of the split has no part in it.
        if query < all && begin <= lasts[own] {
            var sum = vec4<f32>();
            let at = ((quad & 1u) * 4u + own) * LANES + (quad >> 1u);
            for (var slice = 0u; slice < LANES; slice += eights) {
                sum += shares[at + slice];
            }
            qkv[partials_start(query, group.x, group.y) + quad] = sum;
        }
    }
    if lane < 4u && group.z * 4u + lane < all && begin <= lasts[lane] {
        var sum = 0.0;
        for (var i = 0u; i < LANES; i++) {
            sum += of_lanes[i][lane];
        }
        let at = partials_start(group.z * 4u + lane, group.x, group.y) + params.quads;
        qkv[at] = vec4<f32>(highest[lane], sum, 0.0, 0.0);
    }
}

