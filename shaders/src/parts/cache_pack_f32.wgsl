// Writing a KV cache in f32.
const CACHE_WORDS: u32 = 32u;
const CACHE_SCALED: bool = false;

struct CacheBlock {
    words: array<u32, CACHE_WORDS>,
    scale: u32,
}

fn cache_start(row: u32, row_blocks: u32) -> u32 {
    return row * row_blocks * CACHE_WORDS;
}

fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock {
    var quads = x;
    var block: CacheBlock;
    for (var i = 0u; i < CACHE_WORDS; i++) {
        block.words[i] = bitcast<u32>(quads[i >> 2u][i & 3u]);
    }
    return block;
}

