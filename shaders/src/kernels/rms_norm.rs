//! `rms_norm`: RMSNorm with a gain (Zhang and Sennrich, 2019), of every row or of the step's last one.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Columns / 4.
    quads: u32,
    /// 1: only the step's last row, written as row 0.
    last_only: u32,
    /// Added to the mean square.
    epsilon: f32,
    /// Padding of the uniform.
    unused: u32,
}

/// x [count, cols], gain `[cols]`, out [count or 1, cols].
pub static KERNEL: Kernel = Kernel {
    name: "rms_norm",
    binds: &[
        bind("x", Access::Read),
        bind("gain", Access::Read),
        bind("out", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("rms_norm.wgsl"),
        parts: &[Part::ReduceAdd],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| {
            [
                if read::<Params>(params).last_only == 1 {
                    1
                } else {
                    step.count
                },
                1,
                1,
            ]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [x, gain, mut out]) = call.open::<Params, 3>();
    let cols = p.quads as usize * 4;
    let rows = if p.last_only == 1 {
        count - 1..count
    } else {
        0..count
    };
    for (to, from) in rows.enumerate() {
        let row = &x.f32s()[from * cols..][..cols];
        let mean = row.iter().map(|v| v * v).sum::<f32>() / cols as f32;
        let scale = 1.0 / (mean + p.epsilon).sqrt();
        for (i, out) in out.f32s_mut()[to * cols..][..cols].iter_mut().enumerate() {
            *out = row[i] * scale * gain.f32s()[i];
        }
    }
}
