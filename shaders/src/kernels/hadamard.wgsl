// Every head of a row times Sylvester's Hadamard matrix / sqrt(head size), in place. One lane a block of 32 elements.
const WORKGROUP: u32 = 64u;

struct Params {
    // Blocks of 32 elements in a row.
    row_blocks: u32,
    // Blocks of a head: 1, 2 or 4, so that a workgroup has whole heads.
    head_blocks: u32,
    // 1 / sqrt(head size).
    scale: f32,
    unused: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> heads: array<vec4<f32>>;

@compute @workgroup_size(64)
fn hadamard(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let block = group.x * WORKGROUP + lane;
    let mine = block % params.head_blocks;
    let row = group.y * params.row_blocks * 8u;
    var x: array<vec4<f32>, 8>;
    if block < params.row_blocks {
        for (var other = 0u; other < params.head_blocks; other++) {
            let at = row + (block - mine + other) * 8u;
            x = turn_add(x, turn_sign(mine, other, params.scale), array<vec4<f32>, 8>(
                heads[at], heads[at + 1u], heads[at + 2u], heads[at + 3u],
                heads[at + 4u], heads[at + 5u], heads[at + 6u], heads[at + 7u],
            ));
        }
    }
    // All of a head has been read.
    storageBarrier();
    if block < params.row_blocks {
        let y = turn_block(x);
        let at = row + block * 8u;
        heads[at] = y[0];
        heads[at + 1u] = y[1];
        heads[at + 2u] = y[2];
        heads[at + 3u] = y[3];
        heads[at + 4u] = y[4];
        heads[at + 5u] = y[5];
        heads[at + 6u] = y[6];
        heads[at + 7u] = y[7];
    }
}
