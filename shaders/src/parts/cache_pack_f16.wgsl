// Writing a KV cache in f16, packed in u32 so that no device feature is needed.
const CACHE_WORDS: u32 = 16u;
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
    for (var i = 0u; i < 8u; i++) {
        block.words[i * 2u] = pack2x16float(quads[i].xy);
        block.words[i * 2u + 1u] = pack2x16float(quads[i].zw);
    }
    return block;
}

