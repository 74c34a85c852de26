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
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

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

