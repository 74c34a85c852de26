// Reading a KV cache in q4_0: d * (q - 8). A row is 32 nibbles a block, eight in a word, then a half d a block, filled
// up to 16 bytes. The kernel declares `keys`, `values` and `params.row_blocks`.
alias CacheWord = vec4<u32>;

fn quants_start(row: u32) -> u32 {
    return row * ((params.row_blocks * 9u + 7u) >> 3u);
}

// The low four nibbles.
fn cache_unpack(word: u32, scale: f32) -> vec4<f32> {
    let nibbles = (vec4<u32>(word) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u);
    return scale * (vec4<f32>(nibbles) - 8.0);
}

fn keys_block(row: u32, block: u32) -> array<vec4<f32>, 8> {
    let start = quants_start(row);
    let q = keys[start + block];
    let word = params.row_blocks * 4u + (block >> 1u);
    let d = cache_scale(keys[start + (word >> 2u)][word & 3u], block);
    return array<vec4<f32>, 8>(
        cache_unpack(q.x, d), cache_unpack(q.x >> 16u, d), cache_unpack(q.y, d), cache_unpack(q.y >> 16u, d),
        cache_unpack(q.z, d), cache_unpack(q.z >> 16u, d), cache_unpack(q.w, d), cache_unpack(q.w >> 16u, d),
    );
}

fn values_quad(row: u32, quad: u32) -> vec4<f32> {
    let start = quants_start(row);
    let block = quad >> 3u;
    let word = params.row_blocks * 4u + (block >> 1u);
    let d = cache_scale(values[start + (word >> 2u)][word & 3u], block);
    let eight = values[start + block][(quad >> 1u) & 3u];
    return cache_unpack(eight >> ((quad & 1u) << 4u), d);
}

fn keys_half(row: u32, half: u32) -> mat4x4<f32> {
    let start = quants_start(row);
    let q = keys[start + (half >> 1u)];
    let two = select(q.xy, q.zw, (half & 1u) == 1u);
    let word = params.row_blocks * 4u + (half >> 2u);
    let d = cache_scale(keys[start + (word >> 2u)][word & 3u], half >> 1u);
    return mat4x4<f32>(
        cache_unpack(two.x, d), cache_unpack(two.x >> 16u, d), cache_unpack(two.y, d), cache_unpack(two.y >> 16u, d),
    );
}

fn values_eight(row: u32, eight: u32) -> mat2x4<f32> {
    let start = quants_start(row);
    let word = params.row_blocks * 4u + (eight >> 3u);
    let d = cache_scale(values[start + (word >> 2u)][word & 3u], eight >> 2u);
    let q = values[start + (eight >> 2u)][eight & 3u];
    return mat2x4<f32>(cache_unpack(q, d), cache_unpack(q >> 16u, d));
}

