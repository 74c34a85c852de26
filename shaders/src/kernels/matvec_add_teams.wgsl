// stream += W x, and what the next norm needs of it. A workgroup makes the 64 rows of one sum of squares, with as many lanes
// as every device has.
const WORKGROUP: u32 = 256u;
const QUADS: u32 = 16u;

fn first_row(group: u32, quad: u32) -> u32 {
    return group * 64u + quad * 4u;
}

@compute @workgroup_size(256)
fn matvec_add(@builtin(workgroup_id) id: vec3<u32>, lane: Lane) {
    let group = folded(id);
    let share = share_products(group, 0u, lane);
    var square = 0.0;
    if lane.index < 64u {
        square = renew(group * 64u + lane.index, product(lane.index, share));
    }
    put_squares(group, lane.index, square);
}
