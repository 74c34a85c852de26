// out = W x, or out += W x, for one row of activations. A lane keeps four rows of W, so that activations are read once
// for the four; LANES lanes share those rows, each taking every LANES-th block of 32 columns, so that neighbouring
// lanes read neighbouring memory.
const WORKGROUP: u32 = 64u;
override LANES: u32;

struct Params {
    planes: vec4<u32>,
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // First element of `out` that is written.
    out_offset: u32,
    // 1: add to what `out` holds.
    accumulate: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// First block of a row; rows past the end read the last one and are not stored.
fn blocks_of(row: u32) -> u32 {
    return min(row, params.rows - 1u) * params.blocks;
}

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * (WORKGROUP / LANES) + lane / LANES) * 4u;
    let row_0 = blocks_of(row);
    let row_1 = blocks_of(row + 1u);
    let row_2 = blocks_of(row + 2u);
    let row_3 = blocks_of(row + 3u);
    var sums = vec4<f32>();
    for (var block = lane % LANES; block < params.blocks; block += LANES) {
        let w_0 = weights_unpack(params.planes, row_0 + block);
        let w_1 = weights_unpack(params.planes, row_1 + block);
        let w_2 = weights_unpack(params.planes, row_2 + block);
        let w_3 = weights_unpack(params.planes, row_3 + block);
        let at = block * 8u;
        sums += x[at + 0u] * mat4x4<f32>(w_0[0], w_1[0], w_2[0], w_3[0]);
        sums += x[at + 1u] * mat4x4<f32>(w_0[1], w_1[1], w_2[1], w_3[1]);
        sums += x[at + 2u] * mat4x4<f32>(w_0[2], w_1[2], w_2[2], w_3[2]);
        sums += x[at + 3u] * mat4x4<f32>(w_0[3], w_1[3], w_2[3], w_3[3]);
        sums += x[at + 4u] * mat4x4<f32>(w_0[4], w_1[4], w_2[4], w_3[4]);
        sums += x[at + 5u] * mat4x4<f32>(w_0[5], w_1[5], w_2[5], w_3[5]);
        sums += x[at + 6u] * mat4x4<f32>(w_0[6], w_1[6], w_2[6], w_3[6]);
        sums += x[at + 7u] * mat4x4<f32>(w_0[7], w_1[7], w_2[7], w_3[7]);
    }
    let totals = reduce_add4(sums, lane, LANES);
    // One lane stores one row.
    let i = lane % LANES;
    if i < 4u && row + i < params.rows {
        let at = params.out_offset + row + i;
        var value = totals[i];
        if params.accumulate == 1u {
            value += out[at];
        }
        out[at] = value;
    }
}
