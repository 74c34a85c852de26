// IQ4_NL: d * value(q), a fixed non-linear table. Plane 0: 16 bytes of nibbles per block; plane 2: d, a half per block.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    return weights_iq4(weights_at(planes.x + block), weights_half(planes.z, block));
}
