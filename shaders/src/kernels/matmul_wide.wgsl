// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes a tile of 16 rows of W by 4 rows of x in
// registers, without workgroup memory or barriers: what is loaded is used as often as possible, which counts most where
// loads are dear. Of 64 lanes as many lie side by side along the tokens as the step needs, so that one workgroup reads a row
// of W for up to 128 tokens; the others lie along the rows of W.

// A block of four rows of x.
struct Tokens {
    a: array<vec4<f32>, 8>,
    b: array<vec4<f32>, 8>,
    c: array<vec4<f32>, 8>,
    d: array<vec4<f32>, 8>,
}

// Adds a block's products with four rows of W from `row` on; column t is token t.
fn more(sums: mat4x4<f32>, v: Tokens, row: u32, block: u32) -> mat4x4<f32> {
    let w = w_rows(row, block);
    return mat4x4<f32>(
        sums[0] + times(v.a, w), sums[1] + times(v.b, w),
        sums[2] + times(v.c, w), sums[3] + times(v.d, w),
    );
}

// Four rows of W for four tokens; column t is token t.
fn store(token: u32, row: u32, sums: mat4x4<f32>) {
    for (var i = 0u; i < 4u; i++) {
        put(token, row + i, sums[0][i]);
        put(token + 1u, row + i, sums[1][i]);
        put(token + 2u, row + i, sums[2][i]);
        put(token + 3u, row + i, sums[3][i]);
    }
}

@compute @workgroup_size(64)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // The next power of two of the tiles of four tokens.
    let across = min(32u, 1u << (32u - countLeadingZeros((step.count - 1u) / 4u)));
    let along = 64u / across;
    let row = (group.x * along + lane % along) * 16u;
    let token = (group.y * across + lane / along) * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    var sums_0 = mat4x4<f32>();
    var sums_4 = mat4x4<f32>();
    var sums_8 = mat4x4<f32>();
    var sums_12 = mat4x4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let v = Tokens(
            x_block(token, block), x_block(token + 1u, block),
            x_block(token + 2u, block), x_block(token + 3u, block),
        );
        sums_0 = more(sums_0, v, row, block);
        sums_4 = more(sums_4, v, row + 4u, block);
        sums_8 = more(sums_8, v, row + 8u, block);
        sums_12 = more(sums_12, v, row + 12u, block);
    }
    store(token, row, sums_0);
    store(token, row + 4u, sums_4);
    store(token, row + 8u, sums_8);
    store(token, row + 12u, sums_12);
}
