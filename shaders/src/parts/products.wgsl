// Products of a block of 32 columns, for kernels that keep several rows of W in a lane: written out, since an array
// indexed by a loop would live in slow memory on drivers that do not unroll it. The kernel declares `params` (planes,
// rows, blocks) and `x`. Rows past the end read the last one. No alias for a block: of an array's alias naga makes a type
// of its own in SPIR-V, which is then not valid.

// Four rows of W in one block.
struct Rows {
    a: array<vec4<f32>, 8>,
    b: array<vec4<f32>, 8>,
    c: array<vec4<f32>, 8>,
    d: array<vec4<f32>, 8>,
}

// A block of x from this quad on.
fn x_quads(at: u32) -> array<vec4<f32>, 8> {
    return array<vec4<f32>, 8>(x[at], x[at + 1u], x[at + 2u], x[at + 3u], x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]);
}

fn w_block(row: u32, block: u32) -> array<vec4<f32>, 8> {
    return weights_unpack(params.planes, min(row, params.rows - 1u) * params.blocks + block);
}

fn w_rows(row: u32, block: u32) -> Rows {
    return Rows(w_block(row, block), w_block(row + 1u, block), w_block(row + 2u, block), w_block(row + 3u, block));
}

// The products of one row of x with the four.
fn times(v: array<vec4<f32>, 8>, w: Rows) -> vec4<f32> {
    return v[0] * mat4x4<f32>(w.a[0], w.b[0], w.c[0], w.d[0]) + v[1] * mat4x4<f32>(w.a[1], w.b[1], w.c[1], w.d[1])
        + v[2] * mat4x4<f32>(w.a[2], w.b[2], w.c[2], w.d[2]) + v[3] * mat4x4<f32>(w.a[3], w.b[3], w.c[3], w.d[3])
        + v[4] * mat4x4<f32>(w.a[4], w.b[4], w.c[4], w.d[4]) + v[5] * mat4x4<f32>(w.a[5], w.b[5], w.c[5], w.d[5])
        + v[6] * mat4x4<f32>(w.a[6], w.b[6], w.c[6], w.d[6]) + v[7] * mat4x4<f32>(w.a[7], w.b[7], w.c[7], w.d[7]);
}

