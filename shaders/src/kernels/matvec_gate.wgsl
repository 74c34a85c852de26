// out = silu(W_gate norm(x)) * (W_up norm(x)) for each of a few rows of activations, the two matrices one below the other.
// A lane makes one element, alone.
@compute @workgroup_size(64)
fn matvec_gate(@builtin(global_invocation_id) id: vec3<u32>) {
    let count = params.out_stride;
    if id.x >= count {
        return;
    }
    let factor = norm_factor(id.y);
    let x_at = scaled_at(id.y);
    let at = id.y * count + id.x;
    if params.gated == 1u {
        out[at] = swiglu(out[at], row_product(id.x, x_at) * factor);
    } else {
        out[at] = swiglu(row_product(id.x, x_at) * factor, row_product(id.x + count, x_at) * factor);
    }
}
