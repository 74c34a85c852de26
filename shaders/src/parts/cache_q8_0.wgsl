// Reading a KV cache in q8_0: d * q. A row is 32 signed bytes a block, then a half d a block, filled up to 16 bytes.
// The kernel declares `keys`, `values` and `params.row_blocks`.
alias CacheWord = vec4<u32>;

fn quants_start(row: u32) -> u32 {
    return row * ((params.row_blocks * 17u + 7u) >> 3u);
}

fn cache_unpack(word: u32, scale: f32) -> vec4<f32> {
    let bytes = bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u));
    return scale * vec4<f32>(bytes >> vec4<u32>(24u));
}

fn keys_block(row: u32, block: u32) -> array<vec4<f32>, 8> {
    let start = quants_start(row);
    let a = keys[start + block * 2u];
    let b = keys[start + block * 2u + 1u];
    let word = params.row_blocks * 8u + (block >> 1u);
    let d = cache_scale(keys[start + (word >> 2u)][word & 3u], block);
    return array<vec4<f32>, 8>(
        cache_unpack(a.x, d), cache_unpack(a.y, d), cache_unpack(a.z, d), cache_unpack(a.w, d),
        cache_unpack(b.x, d), cache_unpack(b.y, d), cache_unpack(b.z, d), cache_unpack(b.w, d),
    );
}

fn values_quad(row: u32, quad: u32) -> vec4<f32> {
    let start = quants_start(row);
    let block = quad >> 3u;
    let word = params.row_blocks * 8u + (block >> 1u);
    let d = cache_scale(values[start + (word >> 2u)][word & 3u], block);
    return cache_unpack(values[start + (quad >> 2u)][quad & 3u], d);
}

fn keys_half(row: u32, half: u32) -> mat4x4<f32> {
    let start = quants_start(row);
    let q = keys[start + half];
    let word = params.row_blocks * 8u + (half >> 2u);
    let d = cache_scale(keys[start + (word >> 2u)][word & 3u], half >> 1u);
    return mat4x4<f32>(cache_unpack(q.x, d), cache_unpack(q.y, d), cache_unpack(q.z, d), cache_unpack(q.w, d));
}

fn values_eight(row: u32, eight: u32) -> mat2x4<f32> {
    let start = quants_start(row);
    let word = params.row_blocks * 8u + (eight >> 3u);
    let d = cache_scale(values[start + (word >> 2u)][word & 3u], eight >> 2u);
    let q = values[start + (eight >> 1u)];
    let two = select(q.xy, q.zw, (eight & 1u) == 1u);
    return mat2x4<f32>(cache_unpack(two.x, d), cache_unpack(two.y, d));
}

