// What every variant of matmul begins with: params, bindings, and where a result goes.
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
    // Quads of a row of x: its columns, or a row of the stream with its norm in front of them.
    x_stride: u32,
    epsilon: f32,
    // Lanes that share the blocks of a row, where they do.
    lanes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// Where the columns of a row of x begin, in quads; rows past the end read the last one.
fn x_start(token: u32) -> u32 {
    return scaled_at(min(token, step.count - 1u));
}

// What the products of a row of x are multiplied with.
fn factor_of(token: u32) -> f32 {
    if params.x_stride == params.blocks * 8u {
        return 1.0;
    }
    return norm_factor(min(token, step.count - 1u));
}

// Stores the product of a row of W and a row of x, or adds it to what is there; what is past the end is left.
fn put(token: u32, row: u32, value: f32) {
    if token >= step.count || row >= params.rows {
        return;
    }
    let at = token * params.out_stride + params.out_offset + row;
    if params.accumulate == 1u {
        out[at] += value;
    } else {
        out[at] = value;
    }
}

