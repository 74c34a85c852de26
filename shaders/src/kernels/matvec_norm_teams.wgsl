// out = W norm(x). A workgroup makes four rows of W.
const WORKGROUP: u32 = 64u;
const QUADS: u32 = 1u;

fn first_row(group: u32, quad: u32) -> u32 {
    return group * 4u;
}

@compute @workgroup_size(64)
fn matvec_norm(@builtin(workgroup_id) id: vec3<u32>, lane: Lane) {
    let group = folded(id);
    let share = share_products(group, scaled_at(0u), lane);
    let row = group * 4u + lane.index;
    if lane.index < 4u && row < params.rows {
        out[params.out_offset + row] = product(lane.index, share) * norm_factor(0u);
    }
}
