// out[t] = W x[t], or out[t] += W x[t], for the step's rows. A lane makes a tile of 16 rows of W by 4 rows of x in
// registers, without workgroup memory or barriers: what is loaded is used as often as possible, which counts most where
// loads are dear. 8 x 8 lanes make a tile of 128 rows of W by 32 rows of x.
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

// A block of four rows of x.
struct Tokens {
    a: array<vec4<f32>, 8>,
    b: array<vec4<f32>, 8>,
    c: array<vec4<f32>, 8>,
    d: array<vec4<f32>, 8>,
}

// Adds a block's products with four rows of W from `row` on; column t is token t.
fn more(sums: mat4x4<f32>, v: Tokens, row: u32, block: u32) -> mat4x4<f32> {
    let w = w_rows(row, block);
    return mat4x4<f32>(
        sums[0] + times(v.a, w), sums[1] + times(v.b, w),
        sums[2] + times(v.c, w), sums[3] + times(v.d, w),
    );
}

fn store_row(token: u32, row: u32, sums: vec4<f32>) {
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

fn store(token: u32, row: u32, sums: mat4x4<f32>) {
    store_row(token, row, sums[0]);
    store_row(token + 1u, row, sums[1]);
    store_row(token + 2u, row, sums[2]);
    store_row(token + 3u, row, sums[3]);
}

@compute @workgroup_size(64)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = (group.x * 8u + lane % 8u) * 16u;
    let token = (group.y * 8u + lane / 8u) * 4u;
    if row >= params.rows || token >= step.count {
        return;
    }
    var sums_0 = mat4x4<f32>();
    var sums_4 = mat4x4<f32>();
    var sums_8 = mat4x4<f32>();
    var sums_12 = mat4x4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let v = Tokens(
            x_block(token, block), x_block(token + 1u, block),
            x_block(token + 2u, block), x_block(token + 3u, block),
        );
        sums_0 = more(sums_0, v, row, block);
        sums_4 = more(sums_4, v, row + 4u, block);
        sums_8 = more(sums_8, v, row + 8u, block);
        sums_12 = more(sums_12, v, row + 12u, block);
    }
    store(token, row, sums_0);
    store(token, row + 4u, sums_4);
    store(token, row + 8u, sums_8);
    store(token, row + 12u, sums_12);
}
