// F32. Plane 0: 32 f32 per block, as in the file.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let at = planes.x + block * 8u;
    return array<vec4<f32>, 8>(
        bitcast<vec4<f32>>(weights_at(at)), bitcast<vec4<f32>>(weights_at(at + 1u)),
        bitcast<vec4<f32>>(weights_at(at + 2u)), bitcast<vec4<f32>>(weights_at(at + 3u)),
        bitcast<vec4<f32>>(weights_at(at + 4u)), bitcast<vec4<f32>>(weights_at(at + 5u)),
        bitcast<vec4<f32>>(weights_at(at + 6u)), bitcast<vec4<f32>>(weights_at(at + 7u)),
    );
}
