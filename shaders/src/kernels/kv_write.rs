//! `kv_write`: the step's keys and values go to their rows of the cache, in the cache's own format.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Elements of a row of keys (and of values) / 4.
    quads: u32,
    /// Where keys start in a row of qkv, / 4.
    keys_offset: u32,
    /// Where values start in a row of qkv, / 4.
    values_offset: u32,
    /// Row length of qkv / 4.
    stride: u32,
}

/// qkv [count, 4 * stride], keys and values [context, 4 * quads].
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
        parts: &[Part::Cache],
        constants: &[],
        grid: |params, step: &Step| [read::<Params>(params).quads.div_ceil(64), step.count, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, cache) = (call.step, call.parts.cache.expect("a cache format"));
    let (p, [qkv, mut keys, mut values]) = call.open::<Params, 3>();
    let (row, stride) = (p.quads as usize * 4, p.stride as usize * 4);
    for t in 0..step.count as usize {
        let to = (step.position as usize + t) * row;
        for i in 0..row {
            let from = t * stride + i;
            cache.store(
                keys.words_mut(),
                to + i,
                qkv.f32s()[from + p.keys_offset as usize * 4],
            );
            cache.store(
                values.words_mut(),
                to + i,
                qkv.f32s()[from + p.values_offset as usize * 4],
            );
        }
    }
}
