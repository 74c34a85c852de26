// stream += W x, and what the next norm needs of it. A lane makes one row of W, alone.
@compute @workgroup_size(64)
fn matvec_add(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x * 64u + lane;
    var square = 0.0;
    if row < params.rows {
        square = renew(row, row_product(row, 0u));
    }
    put_squares(group.x, lane, square);
}
