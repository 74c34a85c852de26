// KV cache in f32: four elements in a word.
alias CacheWord = vec4<f32>;

fn cache_pack(value: vec4<f32>) -> CacheWord {
    return value;
}

fn cache_unpack(word: CacheWord) -> vec4<f32> {
    return word;
}

