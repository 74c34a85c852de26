// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A workgroup makes a tile of 32 rows of W by 32 rows of x:
// a block of 32 columns of each goes to workgroup memory (weights dequantised once for all 32), a lane keeps 4 x 4.
const TILE: u32 = 32u;

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

// Column quad major, so that neighbouring lanes touch neighbouring words.
var<workgroup> w_tile: array<vec4<f32>, 256>;
var<workgroup> x_tile: array<vec4<f32>, 256>;

fn load_tiles(row: u32, token: u32, block: u32, lane: u32) {
    if lane < TILE {
        if row + lane < params.rows {
            let w = weights_unpack(params.planes, (row + lane) * params.blocks + block);
            w_tile[0u * TILE + lane] = w[0];
            w_tile[1u * TILE + lane] = w[1];
            w_tile[2u * TILE + lane] = w[2];
            w_tile[3u * TILE + lane] = w[3];
            w_tile[4u * TILE + lane] = w[4];
            w_tile[5u * TILE + lane] = w[5];
            w_tile[6u * TILE + lane] = w[6];
            w_tile[7u * TILE + lane] = w[7];
        }
    } else {
        let t = lane - TILE;
        let source = ((token + t) * params.blocks + block) * 8u;
        if token + t < step.count {
            for (var i = 0u; i < 8u; i++) {
                x_tile[i * TILE + t] = x[source + i];
            }
        }
    }
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
    let first_row = group.x * TILE;
    let first_token = group.y * TILE;
    let row = (lane & 7u) * 4u;
    let token = (lane >> 3u) * 4u;
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        load_tiles(first_row, first_token, block, lane);
        workgroupBarrier();
        for (var i = 0u; i < 8u; i++) {
            let w = i * TILE + row;
            let t = i * TILE + token;
            let quad = mat4x4<f32>(w_tile[w], w_tile[w + 1u], w_tile[w + 2u], w_tile[w + 3u]);
            sums_0 += x_tile[t] * quad;
            sums_1 += x_tile[t + 1u] * quad;
            sums_2 += x_tile[t + 2u] * quad;
            sums_3 += x_tile[t + 3u] * quad;
        }
        workgroupBarrier();
    }
    store(first_token + token, first_row + row, sums_0);
    store(first_token + token + 1u, first_row + row, sums_1);
    store(first_token + token + 2u, first_row + row, sums_2);
    store(first_token + token + 3u, first_row + row, sums_3);
}
