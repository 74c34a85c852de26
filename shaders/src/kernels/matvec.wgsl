// out = W x, or out += W x, for one row of activations. A lane makes one row, alone: no workgroup memory, no barrier.
@compute @workgroup_size(64)
fn matvec(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < params.rows {
        put(id.x, row_product(id.x, 0u));
    }
}
