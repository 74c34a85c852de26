// out = W x, or out += W x, for one row of activations. LANES lanes share a row of W, each taking every LANES-th block
// of 32 weights, so that neighbouring lanes read neighbouring memory; WORKGROUP / LANES rows a workgroup.
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

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x * (WORKGROUP / LANES) + lane / LANES;
    var sum = 0.0;
    if row < params.rows {
        for (var block = lane % LANES; block < params.blocks; block += LANES) {
            let w = weights_unpack(params.planes, row * params.blocks + block);
            let at = block * 8u;
            sum += dot(w[0], x[at]) + dot(w[1], x[at + 1u]) + dot(w[2], x[at + 2u]) + dot(w[3], x[at + 3u])
                + dot(w[4], x[at + 4u]) + dot(w[5], x[at + 5u]) + dot(w[6], x[at + 6u]) + dot(w[7], x[at + 7u]);
        }
    }
    let total = reduce_add(sum, lane, LANES);
    if lane % LANES == 0u && row < params.rows {
        let at = params.out_offset + row;
        var value = total;
        if params.accumulate == 1u {
            value += out[at];
        }
        out[at] = value;
    }
}
