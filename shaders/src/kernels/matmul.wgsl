// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes one row of W by four rows of x, so that weights
// are unpacked once for the four; nothing is shared between lanes.
struct Params {
    planes: vec4<u32>,
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // First element of a row of `out` that is written, and elements between rows.
    out_offset: u32,
    out_stride: u32,
    // 1: add to what `out` holds.
    accumulate: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

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
    for (var i = 0u; i < min(4u, step.count - token); i++) {
        let at = (token + i) * params.out_stride + params.out_offset + row;
        var value = sums[i];
        if params.accumulate == 1u {
            value += out[at];
        }
        out[at] = value;
    }
}

// A block of weights times 32 elements of x from `at` on.
fn product(w: array<vec4<f32>, 8>, at: u32) -> f32 {
    let low = x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3];
    let high = x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7];
    let sums = low + high;
    return sums.x + sums.y + sums.z + sums.w;
}
