// A packed block of a KV cache and where a row of them starts. The format's part declares CACHE_WORDS, the words of a
// block's quants, and CACHE_SCALED, whether 16 bits of scale for each block stand behind a row's blocks.
struct CacheBlock {
    words: array<u32, CACHE_WORDS>,
    scale: u32,
}

// The first word of a row, which is a multiple of four words.
fn cache_start(row: u32, row_blocks: u32) -> u32 {
    let halves = row_blocks * (CACHE_WORDS * 2u + select(0u, 1u, CACHE_SCALED));
    return row * ((halves + 7u) >> 3u) * 4u;
}

