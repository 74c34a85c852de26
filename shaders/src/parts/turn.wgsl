// A head times Sylvester's Hadamard matrix, which is the product of one over the blocks of a head, one over the quads of
// a block and one within a quad: block m is the sum of all blocks, each with its `turn_sign`, then `turn_block` of that.

// The sign of block `other` in block `mine`, with the size that a head's length is kept by.
fn turn_sign(mine: u32, other: u32, scale: f32) -> f32 {
    return select(scale, -scale, (countOneBits(mine & other) & 1u) == 1u);
}

fn turn_add(x: array<vec4<f32>, 8>, sign: f32, y: array<vec4<f32>, 8>) -> array<vec4<f32>, 8> {
    return array<vec4<f32>, 8>(
        x[0] + sign * y[0], x[1] + sign * y[1], x[2] + sign * y[2], x[3] + sign * y[3],
        x[4] + sign * y[4], x[5] + sign * y[5], x[6] + sign * y[6], x[7] + sign * y[7],
    );
}

fn turn_quad(x: vec4<f32>) -> vec4<f32> {
    let a = vec4<f32>(x.xz + x.yw, x.xz - x.yw);
    return vec4<f32>(a.x + a.y, a.z + a.w, a.x - a.y, a.z - a.w);
}

fn turn_block(x: array<vec4<f32>, 8>) -> array<vec4<f32>, 8> {
    let a = array<vec4<f32>, 8>(
        x[0] + x[1], x[0] - x[1], x[2] + x[3], x[2] - x[3], x[4] + x[5], x[4] - x[5], x[6] + x[7], x[6] - x[7],
    );
    let b = array<vec4<f32>, 8>(
        a[0] + a[2], a[1] + a[3], a[0] - a[2], a[1] - a[3], a[4] + a[6], a[5] + a[7], a[4] - a[6], a[5] - a[7],
    );
    return array<vec4<f32>, 8>(
        turn_quad(b[0] + b[4]), turn_quad(b[1] + b[5]), turn_quad(b[2] + b[6]), turn_quad(b[3] + b[7]),
        turn_quad(b[0] - b[4]), turn_quad(b[1] - b[5]), turn_quad(b[2] - b[6]), turn_quad(b[3] - b[7]),
    );
}

