// A row of the stream x is three stretches: the stream itself, the sums of the squares of every 64 of its elements (and
// zeros, to whole quads), and the stream times the gain of the norm that comes next. RMSNorm (Zhang and Sennrich, 2019) is
// then a factor, which commutes with the product. The kernel declares `params` (blocks, x_stride, epsilon) and `x`.

// Where the scaled stream of a row begins, in quads.
fn scaled_at(token: u32) -> u32 {
    return (token + 1u) * params.x_stride - params.blocks * 8u;
}

// 1 / sqrt(mean(x^2) + epsilon) of a row.
fn norm_factor(token: u32) -> f32 {
    var sum = vec4<f32>();
    for (var i = token * params.x_stride + params.blocks * 8u; i < scaled_at(token); i++) {
        sum += x[i];
    }
    return inverseSqrt(dot(sum, vec4<f32>(1.0)) / f32(params.blocks * 32u) + params.epsilon);
}

