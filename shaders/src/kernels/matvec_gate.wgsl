// out = silu(W_gate norm(x)) * (W_up norm(x)), the two matrices one below the other. A lane makes one element, alone.
@compute @workgroup_size(64)
fn matvec_gate(@builtin(global_invocation_id) id: vec3<u32>) {
    let count = params.elements;
    if id.x >= count {
        return;
    }
    let factor = norm_factor(0u);
    let x_at = scaled_at(0u);
    if params.gated == 1u {
        out[id.x] = swiglu(out[id.x], row_product(id.x, x_at) * factor);
    } else {
        out[id.x] = swiglu(row_product(id.x, x_at) * factor, row_product(id.x + count, x_at) * factor);
    }
}
