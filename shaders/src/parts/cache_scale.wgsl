// The scale of a quantised block: a half, two in a word. Made and read with integers, since WGSL lets halves that are
// subnormal be flushed to zero. A scale that is not finite stays so: a result that is wrong must not look right.

// The scale of `block`, from the word that it shares with a neighbour.
fn cache_scale(word: u32, block: u32) -> f32 {
    let bits = word >> ((block & 1u) << 4u);
    let size = bits & 0x7fffu;
    let normal = (size << 13u) + select(112u << 23u, 224u << 23u, size >= 0x7c00u);
    let magnitude = select(normal, bitcast<u32>(f32(size) * 0x1p-24f), size < 0x400u);
    return bitcast<f32>(magnitude | ((bits & 0x8000u) << 16u));
}

// The nearest half, and the largest one where that is too small.
fn cache_half(scale: f32) -> u32 {
    let bits = bitcast<u32>(scale);
    let size = bits & 0x7fffffffu;
    let normal = ((size + 0xfffu + ((size >> 13u) & 1u)) >> 13u) - (112u << 10u);
    let subnormal = u32(round(min(abs(scale), 1.0) * 0x1p24f));
    let half = min(select(normal, subnormal, size < (113u << 23u)), 0x7bffu);
    return select(half, 0x7e00u, size >= 0x7f800000u) | ((bits >> 16u) & 0x8000u);
}

// The largest magnitude of a block as its bits, which are ordered as the numbers are; what is not finite is above all.
fn cache_largest(x: array<vec4<f32>, 8>) -> u32 {
    var quads = x;
    var high = vec4<u32>();
    for (var i = 0u; i < 8u; i++) {
        high = max(high, bitcast<vec4<u32>>(quads[i]) & vec4<u32>(0x7fffffffu));
    }
    return max(max(high.x, high.y), max(high.z, high.w));
}

// 1 / scale, and 0 where a block is nothing but zeros.
fn cache_inverse(half: u32) -> f32 {
    let scale = cache_scale(half, 0u);
    return select(1.0 / scale, 0.0, (half & 0x7fffu) == 0u);
}

