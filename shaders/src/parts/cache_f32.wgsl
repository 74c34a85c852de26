// Reading a KV cache in f32. The kernel declares `keys`, `values` and `params.row_blocks`.
alias CacheWord = vec4<f32>;

fn keys_block(row: u32, block: u32) -> array<vec4<f32>, 8> {
    let at = (row * params.row_blocks + block) * 8u;
    return array<vec4<f32>, 8>(
        keys[at], keys[at + 1u], keys[at + 2u], keys[at + 3u],
        keys[at + 4u], keys[at + 5u], keys[at + 6u], keys[at + 7u],
    );
}

fn values_quad(row: u32, quad: u32) -> vec4<f32> {
    return values[row * params.row_blocks * 8u + quad];
}


fn keys_half(row: u32, half: u32) -> mat4x4<f32> {
    let at = row * params.row_blocks * 8u + half * 4u;
    return mat4x4<f32>(keys[at], keys[at + 1u], keys[at + 2u], keys[at + 3u]);
}

fn values_eight(row: u32, eight: u32) -> mat2x4<f32> {
    let at = row * params.row_blocks * 8u + eight * 2u;
    return mat2x4<f32>(values[at], values[at + 1u]);
}

