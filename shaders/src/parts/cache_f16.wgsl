// Reading a KV cache in f16, packed in u32 so that no device feature is needed. The kernel declares `keys`, `values`
// and `params.row_blocks`.
alias CacheWord = vec2<u32>;

fn cache_unpack(word: CacheWord) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(word.x), unpack2x16float(word.y));
}

fn keys_block(row: u32, block: u32) -> array<vec4<f32>, 8> {
    let at = (row * params.row_blocks + block) * 8u;
    return array<vec4<f32>, 8>(
        cache_unpack(keys[at]), cache_unpack(keys[at + 1u]), cache_unpack(keys[at + 2u]), cache_unpack(keys[at + 3u]),
        cache_unpack(keys[at + 4u]), cache_unpack(keys[at + 5u]), cache_unpack(keys[at + 6u]), cache_unpack(keys[at + 7u]),
    );
}

fn values_quad(row: u32, quad: u32) -> vec4<f32> {
    return cache_unpack(values[row * params.row_blocks * 8u + quad]);
}

fn keys_half(row: u32, half: u32) -> mat4x4<f32> {
    let at = row * params.row_blocks * 8u + half * 4u;
    return mat4x4<f32>(
        cache_unpack(keys[at]), cache_unpack(keys[at + 1u]), cache_unpack(keys[at + 2u]), cache_unpack(keys[at + 3u]),
    );
}

fn values_eight(row: u32, eight: u32) -> mat2x4<f32> {
    let at = row * params.row_blocks * 8u + eight * 2u;
    return mat2x4<f32>(cache_unpack(values[at]), cache_unpack(values[at + 1u]));
}

