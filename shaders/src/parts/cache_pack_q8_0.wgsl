// Writing a KV cache in q8_0: d * q with d = the largest magnitude / 127, rounded to the half that is stored.
const CACHE_WORDS: u32 = 8u;
const CACHE_SCALED: bool = true;

fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock {
    var quads = x;
    var block: CacheBlock;
    block.scale = cache_half(bitcast<f32>(cache_largest(x)) * (1.0 / 127.0));
    let inverse = cache_inverse(block.scale);
    for (var i = 0u; i < CACHE_WORDS; i++) {
        let quants = vec4<i32>(round(clamp(quads[i] * inverse, vec4<f32>(-127.0), vec4<f32>(127.0))));
        let bytes = (bitcast<vec4<u32>>(quants) & vec4<u32>(255u)) << vec4<u32>(0u, 8u, 16u, 24u);
        block.words[i] = bytes.x | bytes.y | bytes.z | bytes.w;
    }
    return block;
}

