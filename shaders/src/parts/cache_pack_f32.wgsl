// Writing a KV cache in f32.
const CACHE_WORDS: u32 = 32u;
const CACHE_SCALED: bool = false;

fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock {
    var quads = x;
    var block: CacheBlock;
    for (var i = 0u; i < CACHE_WORDS; i++) {
        block.words[i] = bitcast<u32>(quads[i >> 2u][i & 3u]);
    }
    return block;
}

