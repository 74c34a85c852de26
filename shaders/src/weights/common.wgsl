// What the weight formats share: reading a plane, f16 to f32, nibbles and fifth bits. Planes start at multiples of 16
// bytes, so offsets count units of 16 bytes, as `weights_at` does.
//
// WGSL lets `unpack2x16float` flush subnormal halves to zero, and the scales of real models are subnormal halves
// quite often (a Q4_K `d` is a weight / 945). So halves are decoded with integers; every f32 made on the way is
// normal, so no flush is permitted. Infinities and NaNs are not decoded: a valid file has none.

fn weights_word(plane: u32, index: u32) -> u32 {
    return weights_at(plane + (index >> 2u))[index & 3u];
}

// The two halves of a word, low first.
fn weights_halves(word: u32) -> vec2<f32> {
    let bits = vec2<u32>(word, word >> 16u);
    let size = bits & vec2<u32>(0x7fffu);
    let normal = (size << vec2<u32>(13u)) + vec2<u32>(112u << 23u);
    let subnormal = bitcast<vec2<u32>>(vec2<f32>(size) * 0x1p-24f);
    let magnitude = select(normal, subnormal, size < vec2<u32>(0x400u));
    return bitcast<vec2<f32>>(magnitude | ((bits & vec2<u32>(0x8000u)) << vec2<u32>(16u)));
}

// The half number `index` of a plane of halves.
fn weights_half(plane: u32, index: u32) -> f32 {
    return weights_halves(weights_word(plane, index >> 1u) >> ((index & 1u) << 4u)).x;
}

// Byte i holds weight i in its low and weight i + 16 in its high nibble: word k makes quads k and k + 4.
fn weights_nibbles(quants: vec4<u32>) -> array<vec4<u32>, 8> {
    let bytes = vec4<u32>(0u, 8u, 16u, 24u);
    let low = vec4<u32>(15u);
    let high = bytes + 4u;
    return array<vec4<u32>, 8>(
        (quants.xxxx >> bytes) & low, (quants.yyyy >> bytes) & low,
        (quants.zzzz >> bytes) & low, (quants.wwww >> bytes) & low,
        (quants.xxxx >> high) & low, (quants.yyyy >> high) & low,
        (quants.zzzz >> high) & low, (quants.wwww >> high) & low,
    );
}

// Bit j of `bits` becomes bit 4 of weight j.
fn weights_fifth(q: array<vec4<u32>, 8>, bits: u32) -> array<vec4<u32>, 8> {
    let b = vec4<u32>(bits);
    let lane = vec4<u32>(0u, 1u, 2u, 3u);
    let fifth = vec4<u32>(16u);
    return array<vec4<u32>, 8>(
        q[0] | ((b << (4u - lane)) & fifth), q[1] | ((b >> lane) & fifth),
        q[2] | ((b >> (lane + 4u)) & fifth), q[3] | ((b >> (lane + 8u)) & fifth),
        q[4] | ((b >> (lane + 12u)) & fifth), q[5] | ((b >> (lane + 16u)) & fifth),
        q[6] | ((b >> (lane + 20u)) & fifth), q[7] | ((b >> (lane + 24u)) & fifth),
    );
}

// scale * (q - centre)
fn weights_centred(q: array<vec4<u32>, 8>, scale: f32, centre: f32) -> array<vec4<f32>, 8> {
    return array<vec4<f32>, 8>(
        scale * (vec4<f32>(q[0]) - centre), scale * (vec4<f32>(q[1]) - centre),
        scale * (vec4<f32>(q[2]) - centre), scale * (vec4<f32>(q[3]) - centre),
        scale * (vec4<f32>(q[4]) - centre), scale * (vec4<f32>(q[5]) - centre),
        scale * (vec4<f32>(q[6]) - centre), scale * (vec4<f32>(q[7]) - centre),
    );
}

// scale * q + base. A GPU may fuse this: the last bit may differ from the reference.
fn weights_affine(q: array<vec4<u32>, 8>, scale: f32, base: f32) -> array<vec4<f32>, 8> {
    return array<vec4<f32>, 8>(
        scale * vec4<f32>(q[0]) + base, scale * vec4<f32>(q[1]) + base,
        scale * vec4<f32>(q[2]) + base, scale * vec4<f32>(q[3]) + base,
        scale * vec4<f32>(q[4]) + base, scale * vec4<f32>(q[5]) + base,
        scale * vec4<f32>(q[6]) + base, scale * vec4<f32>(q[7]) + base,
    );
}

