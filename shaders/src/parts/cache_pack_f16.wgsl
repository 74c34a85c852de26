// Writing a KV cache in f16, packed in u32 so that no device feature is needed.
const CACHE_WORDS: u32 = 16u;
const CACHE_SCALED: bool = false;

fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock {
    var quads = x;
    var block: CacheBlock;
    for (var i = 0u; i < 8u; i++) {
        block.words[i * 2u] = pack2x16float(quads[i].xy);
        block.words[i * 2u + 1u] = pack2x16float(quads[i].zw);
    }
    return block;
}

