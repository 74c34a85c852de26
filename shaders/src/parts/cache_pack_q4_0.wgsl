// Writing a KV cache in q4_0: d * (q - 8) with d = the number furthest from zero / -8, so that this one is kept.
const CACHE_WORDS: u32 = 4u;
const CACHE_SCALED: bool = true;

fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock {
    var quads = x;
    var block: CacheBlock;
    let largest = cache_largest(x);
    // Of two that are equally far, the positive one is kept.
    var positive = false;
    for (var i = 0u; i < 8u; i++) {
        positive = positive || any(bitcast<vec4<u32>>(quads[i]) == vec4<u32>(largest));
    }
    block.scale = cache_half(bitcast<f32>(largest) * select(0.125, -0.125, positive));
    let inverse = cache_inverse(block.scale);
    for (var i = 0u; i < 8u; i++) {
        let quants = vec4<u32>(clamp(quads[i] * inverse + 8.5, vec4<f32>(0.0), vec4<f32>(15.0)));
        let nibbles = quants << (vec4<u32>(0u, 4u, 8u, 12u) + ((i & 1u) << 4u));
        block.words[i >> 1u] |= nibbles.x | nibbles.y | nibbles.z | nibbles.w;
    }
    return block;
}

