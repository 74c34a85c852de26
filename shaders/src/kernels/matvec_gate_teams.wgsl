// out = silu(W_gate norm(x)) * (W_up norm(x)), the two matrices one below the other. A workgroup makes four rows of each.
const WORKGROUP: u32 = 64u;
const QUADS: u32 = 2u;

// The first quad is of the gate, unless that is there already; the second of up.
fn first_row(group: u32, quad: u32) -> u32 {
    if params.gated == 1u {
        return select(params.rows, group * 4u, quad == 1u);
    }
    return group * 4u + quad * params.elements;
}

@compute @workgroup_size(64)
fn matvec_gate(@builtin(workgroup_id) id: vec3<u32>, lane: Lane) {
    let group = folded(id);
    let share = share_products(group, scaled_at(0u), lane);
    let to = group * 4u + lane.index;
    if lane.index >= 4u || to >= params.elements {
        return;
    }
    let factor = norm_factor(0u);
    var gate = product(lane.index, share) * factor;
    if params.gated == 1u {
        gate = out[to];
    }
    out[to] = swiglu(gate, product(4u + lane.index, share) * factor);
}
