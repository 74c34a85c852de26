// What every variant of multiply begins with: params, bindings, and where a result goes.
struct Params {
    // Columns of x, which are rows of w, / 4.
    depth: u32,
    // Columns of w / 4.
    quads: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;

// Four columns of a row of the product; what is past the end is left.
fn store(row: u32, quad: u32, value: vec4<f32>) {
    if row < step.count && quad < params.quads {
        out[row * params.quads + quad] = value;
    }
}

