//! `multiply`: a plain f32 matrix product, to measure a device's arithmetic where nothing has to be unpacked. No model
//! plays it.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Columns of x, which are rows of w, / 4.
    depth: u32,
    /// Columns of w / 4.
    quads: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Params, bindings and the end of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/multiply_shared.wgsl"));

/// Workgroups: each makes 64 rows by 64 columns.
fn tiles(params: &[u8], step: &Step) -> [u32; 3] {
    let quads = read::<Params>(params).quads;
    [quads.div_ceil(16), step.count.div_ceil(64), 1]
}

/// x [count, 4 * depth], w [4 * depth, 4 * quads], out [count, 4 * quads].
pub static KERNEL: Kernel = Kernel {
    name: "multiply",
    binds: &[
        bind("x", Access::Read),
        bind("w", Access::Read),
        bind("out", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[
        Variant {
            name: "tiled",
            wgsl: include_str!("multiply_tiled.wgsl"),
            parts: &[SHARED],
            constants: &[],
            needs: &[],
            grid: tiles,
        },
        Variant {
            name: "plain",
            wgsl: include_str!("multiply.wgsl"),
            parts: &[SHARED],
            constants: &[],
            needs: &[],
            grid: tiles,
        },
    ],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [x, w, mut out]) = call.open::<Params, 3>();
    let (depth, cols) = (p.depth as usize * 4, p.quads as usize * 4);
    let rows = x.f32s().chunks_exact(depth).take(count);
    for (x, out) in rows.zip(out.f32s_mut().chunks_exact_mut(cols)) {
        out.fill(0.0);
        for (x, w) in x.iter().zip(w.f32s().chunks_exact(cols)) {
            for (out, w) in out.iter_mut().zip(w) {
                *out += x * w;
            }
        }
    }
}
