// Writing a word to a KV cache that is also read, of quads of floats. The kernel declares `keys` and `values`.
fn keys_put(at: u32, word: u32) {
    keys[at >> 2u][at & 3u] = bitcast<f32>(word);
}

fn values_put(at: u32, word: u32) {
    values[at >> 2u][at & 3u] = bitcast<f32>(word);
}

