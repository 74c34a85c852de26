// out = W x, or out += W x, for one row of activations. A workgroup makes four rows of W.
const WORKGROUP: u32 = 64u;
const QUADS: u32 = 1u;

fn first_row(group: u32, quad: u32) -> u32 {
    return group * 4u;
}

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) id: vec3<u32>, lane: Lane) {
    let group = folded(id);
    let share = share_products(group, 0u, lane);
    if lane.index < 4u {
        put(group * 4u + lane.index, product(lane.index, share));
    }
}
