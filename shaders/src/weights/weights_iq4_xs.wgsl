// IQ4_XS: d * (scale - 32) * value(q), the table of IQ4_NL. Plane 0: 16 bytes of nibbles per block; plane 2: the low
// 4 bits of the scales, a nibble per block; plane 3: a word per super-block of 256 weights: d, a half, in its low
// half, the upper 2 bits of the 8 scales above it.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let super_block = block >> 3u;
    let sub = block & 7u;
    let head = weights_word(planes.w, super_block);
    let low = (weights_word(planes.z, super_block) >> (sub << 2u)) & 15u;
    let high = (head >> (16u + (sub << 1u))) & 3u;
    let scale = weights_halves(head).x * (f32(low | (high << 4u)) - 32.0);
    return weights_iq4(weights_at(planes.x + block), scale);
}
