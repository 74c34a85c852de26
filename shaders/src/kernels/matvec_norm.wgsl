// out = W norm(x) for each of a few rows of activations. A lane makes one row of W, alone.
@compute @workgroup_size(64)
fn matvec_norm(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < params.rows {
        let product = row_product(id.x, scaled_at(id.y));
        out[id.y * params.out_stride + params.out_offset + id.x] = product * norm_factor(id.y);
    }
}
