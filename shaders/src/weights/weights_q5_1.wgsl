// Q5_1: d * q + m. Plane 0: 16 bytes of nibbles per block; plane 1: a word of fifth bits per block;
// plane 2: d and m, two halves per block.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let q = weights_fifth(weights_nibbles(weights_at(planes.x + block)), weights_word(planes.y, block));
    let dm = weights_halves(weights_word(planes.z, block));
    return weights_affine(q, dm.x, dm.y);
}
