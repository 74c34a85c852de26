// Q5_K: (d * scale) * q - dmin * min. Plane 0: 16 bytes of nibbles per block; plane 1: a word of fifth bits per
// block; plane 2: the 6-bit scales, 12 bytes per super-block, see `weights_k_scales`; plane 3: d and dmin, two
// halves per super-block.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let q = weights_fifth(weights_nibbles(weights_at(planes.x + block)), weights_word(planes.y, block));
    let scales = weights_k_scales(planes, block);
    return weights_affine(q, scales.x, -scales.y);
}
