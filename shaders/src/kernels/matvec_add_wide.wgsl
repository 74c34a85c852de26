// stream += W x, and what the next norm needs of it. LANES lanes share 16 rows of W; each of the first four stores four.
const WORKGROUP: u32 = 64u;
override LANES: u32;

@compute @workgroup_size(64)
fn matvec_add(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x * WORKGROUP + lane / LANES * 16u;
    // Lanes without a row stay for the barriers.
    let blocks = select(0u, params.blocks, row < params.rows);
    let rows = row + vec4<u32>(0u, 4u, 8u, 12u);
    share_rows(sixteen(rows, 0u, lane, LANES, blocks), lane);
    let quad = lane % LANES;
    var square = 0.0;
    if quad < 4u {
        let totals = sum_quad(quad, lane, LANES);
        for (var i = 0u; i < 4u; i++) {
            square += renew(row + quad * 4u + i, totals[i]);
        }
    }
    put_squares(group.x, lane, square);
}
