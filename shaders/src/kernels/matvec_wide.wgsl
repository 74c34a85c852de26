// out = W x, or out += W x, for one row of activations. LANES lanes share 16 rows of W; each of the first four stores four.
const WORKGROUP: u32 = 64u;
override LANES: u32;

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * (WORKGROUP / LANES) + lane / LANES) * 16u;
    // Lanes without a row stay for the barrier.
    let blocks = select(0u, params.blocks, row < params.rows);
    share_rows(sixteen(row + vec4<u32>(0u, 4u, 8u, 12u), 0u, lane, LANES, blocks), lane);
    let quad = lane % LANES;
    if quad >= 4u {
        return;
    }
    let totals = sum_quad(quad, lane, LANES);
    for (var i = 0u; i < 4u; i++) {
        put(row + quad * 4u + i, totals[i]);
    }
}
