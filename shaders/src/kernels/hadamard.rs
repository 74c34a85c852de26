//! `hadamard`: every head of a row times Sylvester's Hadamard matrix, in place. It spreads what is large in one element
//! over all of a head, so that few bits hold it (Ashkboos et al., 2024), and it is its own inverse: products of turned
//! queries and keys are those of the heads as they were.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Blocks of 32 elements in a row.
    row_blocks: u32,
    /// Blocks of a head: 1, 2 or 4.
    head_blocks: u32,
    /// 1 / sqrt(head size).
    scale: f32,
    /// Padding of the uniform.
    unused: u32,
}

/// `turn_block` and what it takes: a head times the matrix, block by block.
pub(super) const TURN: Part = Part::Shared(include_str!("../parts/turn.wgsl"));

/// heads [count, 32 * row_blocks].
pub static KERNEL: Kernel = Kernel {
    name: "hadamard",
    binds: &[bind("heads", Access::Update)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("hadamard.wgsl"),
        parts: &[TURN],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| {
            let groups = read::<Params>(params).row_blocks.div_ceil(64);
            [groups, step.count, 1]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [mut heads]) = call.open::<Params, 1>();
    let elements = count * p.row_blocks as usize * BLOCK;
    turn(
        &mut heads.f32s_mut()[..elements],
        p.head_blocks as usize * BLOCK,
        p.scale,
    );
}

/// Every head of `size` elements times the matrix.
pub(super) fn turn(heads: &mut [f32], size: usize, scale: f32) {
    for head in heads.chunks_exact_mut(size) {
        let turned = |i: usize| -> f64 {
            let signed = |(j, x): (usize, &f32)| match (i & j).count_ones() % 2 {
                0 => f64::from(*x),
                _ => -f64::from(*x),
            };
            head.iter().enumerate().map(signed).sum::<f64>() * f64::from(scale)
        };
        let turned: Vec<f32> = (0..head.len()).map(|i| turned(i) as f32).collect();
        head.copy_from_slice(&turned);
    }
}
