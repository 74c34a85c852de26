// Q8_0: d * q. Plane 0: 32 signed bytes per block; plane 2: d, a half per block.

fn weights_quad(word: u32, scale: f32) -> vec4<f32> {
    let bytes = bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u));
    return scale * vec4<f32>(bytes >> vec4<u32>(24u));
}

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let a = weights_at(planes.x + block * 2u);
    let b = weights_at(planes.x + block * 2u + 1u);
    let d = weights_half(planes.z, block);
    return array<vec4<f32>, 8>(
        weights_quad(a.x, d), weights_quad(a.y, d), weights_quad(a.z, d), weights_quad(a.w, d),
        weights_quad(b.x, d), weights_quad(b.y, d), weights_quad(b.z, d), weights_quad(b.w, d),
    );
}
