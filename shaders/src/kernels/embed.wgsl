// Embedding rows: row t of `out` is the table's row for the id at the step's position + t.
// One workgroup a token, one lane a block of 32 columns. A shard of the table writes only the rows it holds.
struct Params {
    planes: vec4<u32>,
    // First row of the table in this shard, and rows in it.
    first: u32,
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // Positions share words of `ids` round a ring of this many.
    ids: u32,
    // Quads of a row of `out`.
    stride: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;

@compute @workgroup_size(64)
fn embed(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let id = ids[(step.position + group.x) % params.ids];
    if id < params.first || id - params.first >= params.rows {
        return;
    }
    let row = id - params.first;
    for (var block = lane; block < params.blocks; block += 64u) {
        let values = weights_unpack(params.planes, row * params.blocks + block);
        let at = group.x * params.stride + block * 8u;
        out[at + 0u] = values[0];
        out[at + 1u] = values[1];
        out[at + 2u] = values[2];
        out[at + 3u] = values[3];
        out[at + 4u] = values[4];
        out[at + 5u] = values[5];
        out[at + 6u] = values[6];
        out[at + 7u] = values[7];
    }
}
