// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane keeps 4 rows of W by 4 rows of x in registers, without
// workgroup memory or barriers; 16 x 4 lanes make a tile of 64 rows of W by 16 rows of x.
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

// First block of a row of W; rows past the end read the last one and are not stored.
fn blocks_of(row: u32) -> u32 {
    return min(row, params.rows - 1u) * params.blocks;
}

// First element / 4 of a row of x; rows past the end read the last one and are not stored.
fn quads_of(token: u32) -> u32 {
    return min(token, step.count - 1u) * params.blocks * 8u;
}

fn store(token: u32, row: u32, sums: vec4<f32>) {
    if token >= step.count {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        if row + i < params.rows {
            let at = token * params.out_stride + params.out_offset + row + i;
            var value = sums[i];
            if params.accumulate == 1u {
                value += out[at];
            }
            out[at] = value;
        }
    }
}

@compute @workgroup_size(64)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * 16u + lane % 16u) * 4u;
    let token = (group.y * 4u + lane / 16u) * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    let row_0 = blocks_of(row);
    let row_1 = blocks_of(row + 1u);
    let row_2 = blocks_of(row + 2u);
    let row_3 = blocks_of(row + 3u);
    var x_0 = quads_of(token);
    var x_1 = quads_of(token + 1u);
    var x_2 = quads_of(token + 2u);
    var x_3 = quads_of(token + 3u);
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let w_0 = weights_unpack(params.planes, row_0 + block);
        let w_1 = weights_unpack(params.planes, row_1 + block);
        let w_2 = weights_unpack(params.planes, row_2 + block);
        let w_3 = weights_unpack(params.planes, row_3 + block);
        let quad_0 = mat4x4<f32>(w_0[0], w_1[0], w_2[0], w_3[0]);
        sums_0 += x[x_0 + 0u] * quad_0;
        sums_1 += x[x_1 + 0u] * quad_0;
        sums_2 += x[x_2 + 0u] * quad_0;
        sums_3 += x[x_3 + 0u] * quad_0;
        let quad_1 = mat4x4<f32>(w_0[1], w_1[1], w_2[1], w_3[1]);
        sums_0 += x[x_0 + 1u] * quad_1;
        sums_1 += x[x_1 + 1u] * quad_1;
        sums_2 += x[x_2 + 1u] * quad_1;
        sums_3 += x[x_3 + 1u] * quad_1;
        let quad_2 = mat4x4<f32>(w_0[2], w_1[2], w_2[2], w_3[2]);
        sums_0 += x[x_0 + 2u] * quad_2;
        sums_1 += x[x_1 + 2u] * quad_2;
        sums_2 += x[x_2 + 2u] * quad_2;
        sums_3 += x[x_3 + 2u] * quad_2;
        let quad_3 = mat4x4<f32>(w_0[3], w_1[3], w_2[3], w_3[3]);
        sums_0 += x[x_0 + 3u] * quad_3;
        sums_1 += x[x_1 + 3u] * quad_3;
        sums_2 += x[x_2 + 3u] * quad_3;
        sums_3 += x[x_3 + 3u] * quad_3;
        let quad_4 = mat4x4<f32>(w_0[4], w_1[4], w_2[4], w_3[4]);
        sums_0 += x[x_0 + 4u] * quad_4;
        sums_1 += x[x_1 + 4u] * quad_4;
        sums_2 += x[x_2 + 4u] * quad_4;
        sums_3 += x[x_3 + 4u] * quad_4;
        let quad_5 = mat4x4<f32>(w_0[5], w_1[5], w_2[5], w_3[5]);
        sums_0 += x[x_0 + 5u] * quad_5;
        sums_1 += x[x_1 + 5u] * quad_5;
        sums_2 += x[x_2 + 5u] * quad_5;
        sums_3 += x[x_3 + 5u] * quad_5;
        let quad_6 = mat4x4<f32>(w_0[6], w_1[6], w_2[6], w_3[6]);
        sums_0 += x[x_0 + 6u] * quad_6;
        sums_1 += x[x_1 + 6u] * quad_6;
        sums_2 += x[x_2 + 6u] * quad_6;
        sums_3 += x[x_3 + 6u] * quad_6;
        let quad_7 = mat4x4<f32>(w_0[7], w_1[7], w_2[7], w_3[7]);
        sums_0 += x[x_0 + 7u] * quad_7;
        sums_1 += x[x_1 + 7u] * quad_7;
        sums_2 += x[x_2 + 7u] * quad_7;
        sums_3 += x[x_3 + 7u] * quad_7;
        x_0 += 8u;
        x_1 += 8u;
        x_2 += 8u;
        x_3 += 8u;
    }
    store(token, row, sums_0);
    store(token + 1u, row, sums_1);
    store(token + 2u, row, sums_2);
    store(token + 3u, row, sums_3);
}
