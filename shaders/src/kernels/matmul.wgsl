// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes one row of W by four rows of x, so that weights
// are unpacked once for the four; nothing is shared between lanes.
@compute @workgroup_size(64)
fn matmul(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let token = id.y * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    var sums = mat4x4<f32>(); // a column a token
    for (var block = 0u; block < params.blocks; block++) {
        let w = weights_unpack(params.planes, row * params.blocks + block);
        sums = mat4x4<f32>(
            more(sums[0], w, x_start(token) + block * 8u), more(sums[1], w, x_start(token + 1u) + block * 8u),
            more(sums[2], w, x_start(token + 2u) + block * 8u), more(sums[3], w, x_start(token + 3u) + block * 8u),
        );
    }
    finish(token, row, sums[0]);
    finish(token + 1u, row, sums[1]);
    finish(token + 2u, row, sums[2]);
    finish(token + 3u, row, sums[3]);
}

// Adds a block of weights times 32 elements of x from `at` on, in the order of the kernels for one row.
fn more(sums: vec4<f32>, w: array<vec4<f32>, 8>, at: u32) -> vec4<f32> {
    let half = sums + (x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3]);
    return half + (x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7]);
}

fn finish(token: u32, row: u32, sums: vec4<f32>) {
    put(token, row, (sums.x + sums.y + sums.z + sums.w) * factor_of(token));
}
