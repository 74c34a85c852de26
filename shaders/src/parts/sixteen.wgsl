// What a lane of the wide matrix-vector kernels does: 16 rows of W, so that activations are read once for the 16.

// The lane's part of the products of 16 rows, four from each of `rows` on, with the row of x that begins at quad `x_at`:
// every `lanes`-th block from its own on, so that neighbouring lanes read neighbouring memory.
fn sixteen(rows: vec4<u32>, x_at: u32, lane: u32, lanes: u32, blocks: u32) -> array<vec4<f32>, 4> {
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();
    for (var block = lane % lanes; block < blocks; block += lanes) {
        let v = x_quads(x_at + block * 8u);
        sums_0 += times(v, w_rows(rows.x, block));
        sums_1 += times(v, w_rows(rows.y, block));
        sums_2 += times(v, w_rows(rows.z, block));
        sums_3 += times(v, w_rows(rows.w, block));
    }
    return array<vec4<f32>, 4>(sums_0, sums_1, sums_2, sums_3);
}

