// out = W x, or out += W x, for one row of activations. A lane keeps 16 rows of W, so that activations are read once for
// the 16; LANES lanes share those rows, each taking every LANES-th block of 32 columns, so that neighbouring lanes read
// neighbouring memory.
const WORKGROUP: u32 = 64u;
override LANES: u32;

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * (WORKGROUP / LANES) + lane / LANES) * 16u;
    var sums_0 = vec4<f32>();
    var sums_4 = vec4<f32>();
    var sums_8 = vec4<f32>();
    var sums_12 = vec4<f32>();
    // Lanes without a row stay for the barrier.
    let end = select(0u, params.blocks, row < params.rows);
    for (var block = lane % LANES; block < end; block += LANES) {
        let v = x_block(0u, block);
        sums_0 += times(v, w_rows(row, block));
        sums_4 += times(v, w_rows(row + 4u, block));
        sums_8 += times(v, w_rows(row + 8u, block));
        sums_12 += times(v, w_rows(row + 12u, block));
    }
    let totals = reduce_rows(array<vec4<f32>, 4>(sums_0, sums_4, sums_8, sums_12), lane, LANES);
    let quad = lane % LANES;
    if quad >= 4u {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        put(row + quad * 4u + i, totals[i]);
    }
}
