// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes one row of W by four rows of x, so that weights
// are unpacked once for the four; nothing is shared between lanes.
// First element / 4 of a row of x; rows past the end read the last one and are not stored.
fn quads_of(token: u32) -> u32 {
    return min(token, step.count - 1u) * params.blocks * 8u;
}

@compute @workgroup_size(64)
fn matmul(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let token = id.y * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    var sums = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let w = weights_unpack(params.planes, row * params.blocks + block);
        sums.x += product(w, quads_of(token) + block * 8u);
        sums.y += product(w, quads_of(token + 1u) + block * 8u);
        sums.z += product(w, quads_of(token + 2u) + block * 8u);
        sums.w += product(w, quads_of(token + 3u) + block * 8u);
    }
    for (var i = 0u; i < 4u; i++) {
        put(token + i, row, sums[i]);
    }
}

// A block of weights times 32 elements of x from `at` on.
fn product(w: array<vec4<f32>, 8>, at: u32) -> f32 {
    let low = x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3];
    let high = x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7];
    let sums = low + high;
    return sums.x + sums.y + sums.z + sums.w;
}
