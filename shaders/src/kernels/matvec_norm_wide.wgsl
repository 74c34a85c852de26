// out = W norm(x). `lanes` lanes share 16 rows of W; each of the first four stores four.
const WORKGROUP: u32 = 64u;

@compute @workgroup_size(64)
fn matvec_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * (WORKGROUP / params.lanes) + lane / params.lanes) * 16u;
    // Lanes without a row stay for the barrier.
    let blocks = select(0u, params.blocks, row < params.rows);
    let rows = row + vec4<u32>(0u, 4u, 8u, 12u);
    share_rows(sixteen(rows, scaled_at(0u), lane, params.lanes, blocks), lane);
    let quad = lane % params.lanes;
    if quad >= 4u {
        return;
    }
    let totals = sum_quad(quad, lane, params.lanes) * norm_factor(0u);
    for (var i = 0u; i < 4u; i++) {
        let to = row + quad * 4u + i;
        if to < params.rows {
            out[params.out_offset + to] = totals[i];
        }
    }
}
