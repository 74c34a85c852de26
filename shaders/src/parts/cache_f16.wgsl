// KV cache in f16, packed in u32 so that no device feature is needed: four elements in a word.
alias CacheWord = vec2<u32>;

fn cache_pack(value: vec4<f32>) -> CacheWord {
    return vec2<u32>(pack2x16float(value.xy), pack2x16float(value.zw));
}

fn cache_unpack(word: CacheWord) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(word.x), unpack2x16float(word.y));
}

