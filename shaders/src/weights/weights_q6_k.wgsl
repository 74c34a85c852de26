// Q6_K: (d * scale) * (q - 32). Plane 0: 16 bytes of low nibbles per block; plane 1: the upper two bits, two words
// per block: weight i in word i / 16, byte i % 4, bits 2 * (i % 16 / 4); plane 2: two signed bytes per block, the
// scales of its 16 first and 16 last weights; plane 3: d, a half per super-block of 256 weights.

fn weights_quad(low: vec4<u32>, upper: vec4<u32>, scale: f32) -> vec4<f32> {
    return scale * (vec4<f32>(low | (upper & vec4<u32>(0x30u))) - 32.0);
}

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let q = weights_nibbles(weights_at(planes.x + block));
    let bytes = vec4<u32>(0u, 8u, 16u, 24u);
    let a = vec4<u32>(weights_word(planes.y, block * 2u)) >> bytes;
    let b = vec4<u32>(weights_word(planes.y, block * 2u + 1u)) >> bytes;
    let pair = weights_word(planes.z, block >> 1u) >> ((block & 1u) << 4u);
    let scales = bitcast<vec2<i32>>(vec2<u32>(pair << 24u, pair << 16u)) >> vec2<u32>(24u);
    let d = weights_half(planes.w, block >> 3u) * vec2<f32>(scales);
    let two = vec4<u32>(2u);
    let four = vec4<u32>(4u);
    return array<vec4<f32>, 8>(
        weights_quad(q[0], a << four, d.x), weights_quad(q[1], a << two, d.x),
        weights_quad(q[2], a, d.x), weights_quad(q[3], a >> two, d.x),
        weights_quad(q[4], b << four, d.y), weights_quad(q[5], b << two, d.y),
        weights_quad(q[6], b, d.y), weights_quad(q[7], b >> two, d.y),
    );
}
