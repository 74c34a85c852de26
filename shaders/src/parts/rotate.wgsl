// Rotary position embedding (Su et al., 2021) of two pairs (2i, 2i+1), as GGUF stores them, by their (cos, sin).
fn rotate(v: vec4<f32>, angle: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(
        v.x * angle.x - v.y * angle.y,
        v.x * angle.y + v.y * angle.x,
        v.z * angle.z - v.w * angle.w,
        v.z * angle.w + v.w * angle.z,
    );
}

