// out = W norm(x). A lane makes one row of W, alone.
@compute @workgroup_size(64)
fn matvec_norm(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < params.rows {
        out[params.out_offset + id.x] = row_product(id.x, scaled_at(0u)) * norm_factor(0u);
    }
}
