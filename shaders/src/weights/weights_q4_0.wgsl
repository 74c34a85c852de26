// Q4_0: d * (q - 8). Plane 0: 16 bytes of nibbles per block; plane 2: d, a half per block.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let q = weights_nibbles(weights_at(planes.x + block));
    return weights_centred(q, weights_half(planes.z, block), 8.0);
}
