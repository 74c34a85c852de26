// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes a tile of 16 rows of W by 4 rows of x in
// registers: what is loaded is used as often as possible, which counts most where loads are dear. Of 64 lanes as many lie
// side by side along the tokens as the step needs, so that one workgroup reads a row of W for up to 128 tokens; the others
// lie along the rows of W. For a few tokens these are too few lanes: then `lanes` of them share a tile's blocks, in the
// order of the kernels for one token.
const WORKGROUP: u32 = 64u;

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

// Four rows of W for a token.
fn put_four(token: u32, row: u32, sums: vec4<f32>) {
    put(token, row, sums.x);
    put(token, row + 1u, sums.y);
    put(token, row + 2u, sums.z);
    put(token, row + 3u, sums.w);
}

// The same for four tokens; column t is token t.
fn store(token: u32, row: u32, sums: mat4x4<f32>, factors: vec4<f32>) {
    put_four(token, row, sums[0] * factors.x);
    put_four(token + 1u, row, sums[1] * factors.y);
    put_four(token + 2u, row, sums[2] * factors.z);
    put_four(token + 3u, row, sums[3] * factors.w);
}

// The same where lanes share the blocks: each of the first four stores a token.
fn join(token: u32, row: u32, sums: mat4x4<f32>, factor: f32, lane: u32) {
    workgroupBarrier();
    share_rows(array<vec4<f32>, 4>(sums[0], sums[1], sums[2], sums[3]), lane);
    let own = lane % params.lanes;
    if own < 4u {
        put_four(token + own, row, sum_quad(own, lane, params.lanes) * factor);
    }
}

@compute @workgroup_size(64)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let width = WORKGROUP / params.lanes;
    // The next power of two of the tiles of four tokens.
    let across = min(min(32u, width), 1u << (32u - countLeadingZeros((step.count - 1u) / 4u)));
    let along = width / across;
    let tile = lane / params.lanes;
    let row = (group.x * along + tile % along) * 16u;
    let token = (group.y * across + tile / along) * 4u;
    // Lanes without a tile stay for the barriers.
    let blocks = select(0u, params.blocks, row < params.rows && token < step.count);
    let x_at = vec4<u32>(x_start(token), x_start(token + 1u), x_start(token + 2u), x_start(token + 3u));
    var sums_0 = mat4x4<f32>();
    var sums_4 = mat4x4<f32>();
    var sums_8 = mat4x4<f32>();
    var sums_12 = mat4x4<f32>();
    for (var block = lane % params.lanes; block < blocks; block += params.lanes) {
        let at = x_at + block * 8u;
        let v = Tokens(x_quads(at.x), x_quads(at.y), x_quads(at.z), x_quads(at.w));
        sums_0 = more(sums_0, v, row, block);
        sums_4 = more(sums_4, v, row + 4u, block);
        sums_8 = more(sums_8, v, row + 8u, block);
        sums_12 = more(sums_12, v, row + 12u, block);
    }
    if params.lanes == 1u {
        let factors = vec4<f32>(factor_of(token), factor_of(token + 1u), factor_of(token + 2u), factor_of(token + 3u));
        store(token, row, sums_0, factors);
        store(token, row + 4u, sums_4, factors);
        store(token, row + 8u, sums_8, factors);
        store(token, row + 12u, sums_12, factors);
    } else {
        let factor = factor_of(token + lane % params.lanes);
        join(token, row, sums_0, factor, lane);
        join(token, row + 4u, sums_4, factor, lane);
        join(token, row + 8u, sums_8, factor, lane);
        join(token, row + 12u, sums_12, factor, lane);
    }
}
