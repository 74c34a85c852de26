// BF16, the upper half of an f32. Plane 0: 32 of them per block, as in the file.

fn weights_quad(pair: vec2<u32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4<u32>(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
}

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let at = planes.x + block * 4u;
    let a = weights_at(at);
    let b = weights_at(at + 1u);
    let c = weights_at(at + 2u);
    let d = weights_at(at + 3u);
    return array<vec4<f32>, 8>(
        weights_quad(a.xy), weights_quad(a.zw), weights_quad(b.xy), weights_quad(b.zw),
        weights_quad(c.xy), weights_quad(c.zw), weights_quad(d.xy), weights_quad(d.zw),
    );
}
