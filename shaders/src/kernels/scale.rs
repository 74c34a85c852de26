//! `scale`: what the kernels with a norm in them read of a row of the residual stream, made of the stream alone.
//!
//! RMSNorm (Zhang and Sennrich, 2019) is a gain for each column and one factor for the row. The factor commutes with a
//! matrix product, so whoever writes the stream also writes the stream times the gain, and sums of squares from which
//! whoever reads it has the factor: no dispatch for the norm.

use crate::kernel::{Access, Kernel, Step, Variant, bind, params};
use crate::reference::Call;

params! {
    /// Elements of the stream.
    cols: u32,
    /// Elements of a row: see [`stride`].
    stride: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Elements of which there is one sum of squares.
const SQUARES: usize = 64;

/// Elements of a row that holds a stream of `cols`, its sums of squares to whole quads, and the stream with the gain.
pub const fn stride(cols: usize) -> usize {
    2 * cols + cols.div_ceil(SQUARES).next_multiple_of(4)
}

/// stream [count, stride], of which the first cols are read, gain `[cols]`.
pub static KERNEL: Kernel = Kernel {
    name: "scale",
    binds: &[bind("stream", Access::Update), bind("gain", Access::Read)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("scale.wgsl"),
        parts: &[],
        constants: &[],
        needs: &[],
        grid: |_, step: &Step| [step.count, 1, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let tokens = call.step.count as usize;
    let (p, [mut stream, gain]) = call.open::<Params, 2>();
    for row in stream
        .f32s_mut()
        .chunks_exact_mut(p.stride as usize)
        .take(tokens)
    {
        renew(row, p.cols as usize, gain.f32s());
    }
}

/// Makes the rest of a row of its stream.
pub(crate) fn renew(row: &mut [f32], cols: usize, gain: &[f32]) {
    let (stream, rest) = row.split_at_mut(cols);
    let (squares, scaled) = rest.split_at_mut(rest.len() - cols);
    squares.fill(0.0);
    for (square, part) in squares.iter_mut().zip(stream.chunks(SQUARES)) {
        *square = part.iter().map(|v| v * v).sum();
    }
    for ((scaled, value), gain) in scaled.iter_mut().zip(stream).zip(gain) {
        *scaled = *value * gain;
    }
}

/// norm(x) of such a row, made of its sums and its scaled stream.
pub(crate) fn normed(row: &[f32], cols: usize, epsilon: f32) -> Vec<f32> {
    let (before, scaled) = row.split_at(row.len() - cols);
    let mean = before[cols..].iter().sum::<f32>() / cols as f32;
    let factor = 1.0 / (mean + epsilon).sqrt();
    scaled.iter().map(|v| v * factor).collect()
}
