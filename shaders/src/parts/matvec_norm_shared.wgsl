// What the variants of matvec_norm begin with: params, bindings, the norm, and where a result goes.
struct Params {
    planes: vec4<u32>,
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // First element of `out` that is written.
    out_offset: u32,
    // Quads of a row of x: the stream, sums of squares, the stream with its gain.
    x_stride: u32,
    epsilon: f32,
    // Lanes that share rows in the wide variant.
    lanes: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

