// out = W x, or out += W x, for one row of activations. A lane makes one row, alone: no workgroup memory, no barrier.
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
fn matvec(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if row >= params.rows {
        return;
    }
    var sums = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let w = weights_unpack(params.planes, row * params.blocks + block);
        let at = block * 8u;
        sums += x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3];
        sums += x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7];
    }
    let at = params.out_offset + row;
    var value = sums.x + sums.y + sums.z + sums.w;
    if params.accumulate == 1u {
        value += out[at];
    }
    out[at] = value;
}
