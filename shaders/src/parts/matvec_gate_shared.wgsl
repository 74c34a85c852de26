// What the variants of matvec_gate begin with: params, bindings, SwiGLU, and where a result goes.
struct Params {
    planes: vec4<u32>,
    // Rows of gate and up together; of up alone where `out` holds the gate already.
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // 1: `out` holds the gate, the matrix is up.
    gated: u32,
    // Elements of `out`.
    elements: u32,
    // Quads of a row of x: the stream, sums of squares, the stream with its gain.
    x_stride: u32,
    epsilon: f32,
    // Lanes that share rows in the wide variant.
    lanes: u32,
    unused: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// SwiGLU (Shazeer, 2020). The gate is bounded so that exp stays finite: silu is above -2e-33 from there on.
fn swiglu(gate: f32, up: f32) -> f32 {
    let bounded = max(gate, -80.0);
    return bounded / (1.0 + exp(-bounded)) * up;
}

