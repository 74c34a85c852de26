//! The cases that a device's own check plays: one or two of every shader, a few kilobytes each.

use super::{Attention, Case, Embedding, Logits, Noise, Product, Rows};
use crate::cache::CacheFormat;
use crate::weights::WeightFormat;

/// At least one case of every shader.
pub fn small() -> Vec<Case> {
    let weights = WeightFormat::ALL.into_iter().flat_map(of_weights);
    let caches = CacheFormat::ALL.into_iter().flat_map(of_cache);
    weights.chain(caches).chain(plain()).collect()
}

fn of_weights(format: WeightFormat) -> [Case; 3] {
    // 8 blocks: one super-block of the formats that have those.
    let table = Embedding {
        format,
        first: 3,
        rows: 5,
        blocks: 8,
        position: 2,
        ids: vec![4, 7, 3, 2, 8],
        size: 0.02,
    };
    let product = Product {
        format,
        rows: 37,
        blocks: 8,
        count: 35,
        offset: 3,
        behind: 2,
        accumulate: true,
    };
    [table.embed(), product.matvec(), product.matmul()]
}

fn of_cache(cache: CacheFormat) -> [Case; 2] {
    let attention = Attention {
        cache,
        heads: 6,
        kv_heads: 2,
        size: 64,
        position: 99,
        count: 3,
        sharpness: 2.0,
    };
    [attention.kv_write(), attention.attend()]
}

fn plain() -> [Case; 9] {
    let rotary = Attention {
        cache: CacheFormat::F32,
        heads: 6,
        kv_heads: 2,
        size: 64,
        position: 8191,
        count: 3,
        sharpness: 2.0,
    };
    let rows = Rows {
        cols: 332,
        count: 3,
        size: 3.0,
    };
    let steep = Rows { size: 1e3, ..rows };
    let mut noise = Noise::new(10);
    let mut logits = |rows: usize| Logits {
        what: "noise",
        rows: (0..rows)
            .map(|_| (0..1003).map(|_| noise.unit() * 20.0).collect())
            .collect(),
        position: 5,
    };
    [
        rotary.rope(),
        rotary.hadamard(),
        rows.rms_norm(false),
        rows.rms_norm(true),
        rows.swiglu(),
        steep.swiglu(),
        rows.add(),
        logits(1).argmax(1),
        logits(3).score(),
    ]
}
