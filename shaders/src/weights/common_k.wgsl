// The 6-bit sub-scales of Q4_K and Q5_K: 12 bytes per super-block of 256 weights, for 8 blocks j of (scale, min).
// Byte j < 8: low 4 bits of scale, low 4 bits of min << 4. Byte 8 + j % 4, nibble j / 4: high 2 bits of scale,
// high 2 bits of min << 2. The 12 bytes of the file in another order: two loads and no branch.

// (d * scale, dmin * min) of a block.
fn weights_k_scales(planes: vec4<u32>, block: u32) -> vec2<f32> {
    let super_block = block >> 3u;
    let half = (block >> 2u) & 1u;
    let shift = (block & 3u) << 3u;
    let low = weights_word(planes.z, super_block * 3u + half) >> shift;
    let high = weights_word(planes.z, super_block * 3u + 2u) >> (shift + (half << 2u));
    let scales = vec2<u32>((low & 15u) | ((high & 3u) << 4u), ((low >> 4u) & 15u) | ((high & 12u) << 2u));
    return weights_halves(weights_word(planes.w, super_block)) * vec2<f32>(scales);
}

