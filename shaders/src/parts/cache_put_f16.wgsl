// Writing a word to a KV cache that is also read, of pairs of words. The kernel declares `keys` and `values`.
fn keys_put(at: u32, word: u32) {
    keys[at >> 1u][at & 1u] = word;
}

fn values_put(at: u32, word: u32) {
    values[at >> 1u][at & 1u] = word;
}

