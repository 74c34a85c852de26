// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane keeps 8 rows of W by 4 rows of x in registers, without
// workgroup memory or barriers; 16 x 4 lanes make a tile of 128 rows of W by 16 rows of x. Written out, since an array
// that a driver does not unroll would live in slow memory.
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

// Eight elements of a row of out.
struct Sums {
    low: vec4<f32>,
    high: vec4<f32>,
}

// Adds the products of four columns.
fn more(sums: Sums, v: vec4<f32>, low: mat4x4<f32>, high: mat4x4<f32>) -> Sums {
    return Sums(sums.low + v * low, sums.high + v * high);
}

fn store(token: u32, row: u32, sums: Sums) {
    if token >= step.count {
        return;
    }
    for (var i = 0u; i < 8u; i++) {
        if row + i < params.rows {
            let at = token * params.out_stride + params.out_offset + row + i;
            var value = select(sums.low[i & 3u], sums.high[i & 3u], i >= 4u);
            if params.accumulate == 1u {
                value += out[at];
            }
            out[at] = value;
        }
    }
}

@compute @workgroup_size(64)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * 16u + lane % 16u) * 8u;
    let token = (group.y * 4u + lane / 16u) * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    let row_0 = blocks_of(row);
    let row_1 = blocks_of(row + 1u);
    let row_2 = blocks_of(row + 2u);
    let row_3 = blocks_of(row + 3u);
    let row_4 = blocks_of(row + 4u);
    let row_5 = blocks_of(row + 5u);
    let row_6 = blocks_of(row + 6u);
    let row_7 = blocks_of(row + 7u);
    var x_0 = quads_of(token);
    var x_1 = quads_of(token + 1u);
    var x_2 = quads_of(token + 2u);
    var x_3 = quads_of(token + 3u);
    var sums_0 = Sums();
    var sums_1 = Sums();
    var sums_2 = Sums();
    var sums_3 = Sums();
    for (var block = 0u; block < params.blocks; block++) {
        let w_0 = weights_unpack(params.planes, row_0 + block);
        let w_1 = weights_unpack(params.planes, row_1 + block);
        let w_2 = weights_unpack(params.planes, row_2 + block);
        let w_3 = weights_unpack(params.planes, row_3 + block);
        let w_4 = weights_unpack(params.planes, row_4 + block);
        let w_5 = weights_unpack(params.planes, row_5 + block);
        let w_6 = weights_unpack(params.planes, row_6 + block);
        let w_7 = weights_unpack(params.planes, row_7 + block);
        let low_0 = mat4x4<f32>(w_0[0], w_1[0], w_2[0], w_3[0]);
        let high_0 = mat4x4<f32>(w_4[0], w_5[0], w_6[0], w_7[0]);
        sums_0 = more(sums_0, x[x_0], low_0, high_0);
        sums_1 = more(sums_1, x[x_1], low_0, high_0);
        sums_2 = more(sums_2, x[x_2], low_0, high_0);
        sums_3 = more(sums_3, x[x_3], low_0, high_0);
        let low_1 = mat4x4<f32>(w_0[1], w_1[1], w_2[1], w_3[1]);
        let high_1 = mat4x4<f32>(w_4[1], w_5[1], w_6[1], w_7[1]);
        sums_0 = more(sums_0, x[x_0 + 1u], low_1, high_1);
        sums_1 = more(sums_1, x[x_1 + 1u], low_1, high_1);
        sums_2 = more(sums_2, x[x_2 + 1u], low_1, high_1);
        sums_3 = more(sums_3, x[x_3 + 1u], low_1, high_1);
        let low_2 = mat4x4<f32>(w_0[2], w_1[2], w_2[2], w_3[2]);
        let high_2 = mat4x4<f32>(w_4[2], w_5[2], w_6[2], w_7[2]);
        sums_0 = more(sums_0, x[x_0 + 2u], low_2, high_2);
        sums_1 = more(sums_1, x[x_1 + 2u], low_2, high_2);
        sums_2 = more(sums_2, x[x_2 + 2u], low_2, high_2);
        sums_3 = more(sums_3, x[x_3 + 2u], low_2, high_2);
        let low_3 = mat4x4<f32>(w_0[3], w_1[3], w_2[3], w_3[3]);
        let high_3 = mat4x4<f32>(w_4[3], w_5[3], w_6[3], w_7[3]);
        sums_0 = more(sums_0, x[x_0 + 3u], low_3, high_3);
        sums_1 = more(sums_1, x[x_1 + 3u], low_3, high_3);
        sums_2 = more(sums_2, x[x_2 + 3u], low_3, high_3);
        sums_3 = more(sums_3, x[x_3 + 3u], low_3, high_3);
        let low_4 = mat4x4<f32>(w_0[4], w_1[4], w_2[4], w_3[4]);
        let high_4 = mat4x4<f32>(w_4[4], w_5[4], w_6[4], w_7[4]);
        sums_0 = more(sums_0, x[x_0 + 4u], low_4, high_4);
        sums_1 = more(sums_1, x[x_1 + 4u], low_4, high_4);
        sums_2 = more(sums_2, x[x_2 + 4u], low_4, high_4);
        sums_3 = more(sums_3, x[x_3 + 4u], low_4, high_4);
        let low_5 = mat4x4<f32>(w_0[5], w_1[5], w_2[5], w_3[5]);
        let high_5 = mat4x4<f32>(w_4[5], w_5[5], w_6[5], w_7[5]);
        sums_0 = more(sums_0, x[x_0 + 5u], low_5, high_5);
        sums_1 = more(sums_1, x[x_1 + 5u], low_5, high_5);
        sums_2 = more(sums_2, x[x_2 + 5u], low_5, high_5);
        sums_3 = more(sums_3, x[x_3 + 5u], low_5, high_5);
        let low_6 = mat4x4<f32>(w_0[6], w_1[6], w_2[6], w_3[6]);
        let high_6 = mat4x4<f32>(w_4[6], w_5[6], w_6[6], w_7[6]);
        sums_0 = more(sums_0, x[x_0 + 6u], low_6, high_6);
        sums_1 = more(sums_1, x[x_1 + 6u], low_6, high_6);
        sums_2 = more(sums_2, x[x_2 + 6u], low_6, high_6);
        sums_3 = more(sums_3, x[x_3 + 6u], low_6, high_6);
        let low_7 = mat4x4<f32>(w_0[7], w_1[7], w_2[7], w_3[7]);
        let high_7 = mat4x4<f32>(w_4[7], w_5[7], w_6[7], w_7[7]);
        sums_0 = more(sums_0, x[x_0 + 7u], low_7, high_7);
        sums_1 = more(sums_1, x[x_1 + 7u], low_7, high_7);
        sums_2 = more(sums_2, x[x_2 + 7u], low_7, high_7);
        sums_3 = more(sums_3, x[x_3 + 7u], low_7, high_7);
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
