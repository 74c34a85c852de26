//! `kv_write`: the step's keys and values go to their rows of the cache, in the cache's own format.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Blocks of 32 elements in a row of keys (and of values).
    row_blocks: u32,
    /// Where keys start in a row of qkv, / 4.
    keys_offset: u32,
    /// Where values start in a row of qkv, / 4.
    values_offset: u32,
    /// Row length of qkv / 4.
    stride: u32,
    /// Rows of the cache.
    context: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
    /// Padding of the uniform.
    unused_2: u32,
}

/// qkv [count, 4 * stride], keys and values [context, 32 * row_blocks].
pub static KERNEL: Kernel = Kernel {
    name: "kv_write",
    binds: &[
        bind("qkv", Access::Read),
        bind("keys", Access::Write),
        bind("values", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("kv_write.wgsl"),
        parts: &[Part::CachePack, Part::Window],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| {
            let groups = read::<Params>(params).row_blocks.div_ceil(64);
            [groups, step.count, 2]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, cache) = (call.step, call.parts.cache.expect("a cache format"));
    let (p, [qkv, mut keys, mut values]) = call.open::<Params, 3>();
    let (elements, stride) = (p.row_blocks as usize * BLOCK, p.stride as usize * 4);
    let words = cache.row_bytes(elements) / 4;
    for t in 0..step.count as usize {
        let row = step.cache_row(step.position + t as u32, p.context) as usize;
        for (to, offset) in [(&mut keys, p.keys_offset), (&mut values, p.values_offset)] {
            let from = &qkv.f32s()[t * stride + offset as usize * 4..][..elements];
            cache.store_row(&mut to.words_mut()[row * words..][..words], from);
        }
    }
}
