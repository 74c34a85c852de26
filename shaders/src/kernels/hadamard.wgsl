// Every head of a row times Sylvester's Hadamard matrix / sqrt(head size), in place. The matrix is the product of one
// over the blocks of a head, one over the quads of a block and one within a quad. One lane a block of 32 elements.
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

fn over_quads(x: array<vec4<f32>, 8>) -> array<vec4<f32>, 8> {
    let a = array<vec4<f32>, 8>(
        x[0] + x[1], x[0] - x[1], x[2] + x[3], x[2] - x[3], x[4] + x[5], x[4] - x[5], x[6] + x[7], x[6] - x[7],
    );
    let b = array<vec4<f32>, 8>(
        a[0] + a[2], a[1] + a[3], a[0] - a[2], a[1] - a[3], a[4] + a[6], a[5] + a[7], a[4] - a[6], a[5] - a[7],
    );
    return array<vec4<f32>, 8>(
        b[0] + b[4], b[1] + b[5], b[2] + b[6], b[3] + b[7], b[0] - b[4], b[1] - b[5], b[2] - b[6], b[3] - b[7],
    );
}

fn within(x: vec4<f32>) -> vec4<f32> {
    let a = vec4<f32>(x.xz + x.yw, x.xz - x.yw);
    return vec4<f32>(a.x + a.y, a.z + a.w, a.x - a.y, a.z - a.w);
}

@compute @workgroup_size(64)
fn hadamard(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let block = group.x * WORKGROUP + lane;
    let mine = block % params.head_blocks;
    let row = group.y * params.row_blocks * 8u;
    var x: array<vec4<f32>, 8>;
    if block < params.row_blocks {
        for (var other = 0u; other < params.head_blocks; other++) {
            let at = row + (block - mine + other) * 8u;
            let sign = select(params.scale, -params.scale, (countOneBits(mine & other) & 1u) == 1u);
            for (var i = 0u; i < 8u; i++) {
                x[i] += sign * heads[at + i];
            }
        }
    }
    // All of a head has been read.
    storageBarrier();
    if block < params.row_blocks {
        var y = over_quads(x);
        for (var i = 0u; i < 8u; i++) {
            heads[row + block * 8u + i] = within(y[i]);
        }
    }
}
