// What a lane of the plain matrix-vector kernels does: one row of W, alone.

// The product of a row of W with the row of x that begins at quad `x_at`.
fn row_product(row: u32, x_at: u32) -> f32 {
    var sums = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let w = weights_unpack(params.planes, row * params.blocks + block);
        let at = x_at + block * 8u;
        sums += x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3];
        sums += x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7];
    }
    return sums.x + sums.y + sums.z + sums.w;
}

