// What every variant of matvec begins with: params, bindings, and where a result goes.
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
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// Stores a row's product, or adds it to what is there; rows past the end are left.
fn put(row: u32, value: f32) {
    if row >= params.rows {
        return;
    }
    let at = params.out_offset + row;
    if params.accumulate == 1u {
        out[at] += value;
    } else {
        out[at] = value;
    }
}

