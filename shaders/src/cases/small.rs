//! The cases that a device's own trials play: one or two of every shader, a few kilobytes each, and one of a common size
//! where a time is wanted.

use super::{Attention, Case, Embedding, Logits, Multiply, Noise, Product, Rows, Sliding, Sweep};
use crate::cache::CacheFormat;
use crate::kernel::Shader;
use crate::weights::WeightFormat;

/// At least one case of every shader.
pub fn small() -> Vec<Case> {
    let weights = WeightFormat::ALL.into_iter().flat_map(of_weights);
    let caches = CacheFormat::ALL.into_iter().flat_map(of_cache);
    weights.chain(caches).chain(plain()).collect()
}

/// The small cases of one shader.
pub fn small_of(shader: &Shader) -> Vec<Case> {
    let cases = match (shader.parts.weights, shader.parts.cache) {
        (Some(format), _) => of_weights(format).to_vec(),
        (_, Some(cache)) => of_cache(cache).to_vec(),
        (None, None) => plain().to_vec(),
    };
    let of_shader = |case: &Case| case.shader == *shader;
    cases.into_iter().filter(of_shader).collect()
}

/// Cases as large as a small model's, where variants can differ in speed, and how often each is played where a chat is read
/// and written, a token for a token; at most some 2 MiB each.
///
/// # Panics
/// For a shader without any case: that is a bug of this file.
pub fn measured(shader: &Shader) -> Vec<(u32, Case)> {
    let products = shader.parts.weights.map(|format| {
        let product = Product {
            format,
            rows: 1024,
            blocks: 16,
            count: 64,
            offset: 0,
            behind: 0,
            accumulate: false,
        };
        vec![(1, product.matvec()), (1, product.matmul())]
    });
    let attention = shader.parts.cache.map(|cache| {
        let rows = |count| Attention {
            cache,
            heads: 8,
            kv_heads: 2,
            size: 64,
            position: 500,
            count,
            sharpness: 2.0,
        };
        // The same kernel reads a chunk of the prompt and, one by one, as many tokens of the answer.
        vec![(1, rows(32).attend()), (32, rows(1).attend())]
    });
    let plain = vec![(1, multiply(128, 512, 512))];
    let large = [products, attention, Some(plain)]
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<_> = large.filter(|(_, case)| case.shader == *shader).collect();
    if found.is_empty() {
        let small = small_of(shader).into_iter().next();
        found.push((1, small.expect("every shader has a small case")));
    }
    found
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
        // More than one workgroup in each direction, and a rest.
        rows: 141,
        blocks: 8,
        count: 35,
        offset: 3,
        behind: 2,
        accumulate: true,
    };
    [table.embed(), product.matvec(), product.matmul()]
}

fn of_cache(cache: CacheFormat) -> [Case; 4] {
    let attention = Attention {
        cache,
        heads: 6,
        kv_heads: 2,
        size: 64,
        position: 99,
        count: 3,
        sharpness: 2.0,
    };
    let sliding = sliding(attention);
    [
        attention.kv_write(),
        attention.attend(),
        sliding.kv_write(),
        sliding.attend(),
    ]
}

/// A product of plain matrices.
fn multiply(count: usize, depth: usize, cols: usize) -> Case {
    let product = Multiply { count, depth, cols };
    product.case()
}

/// The same in a cache of 70 rows, whose ring the rows go round the end of.
fn sliding(layer: Attention) -> Sliding {
    let layer = Attention {
        position: 134,
        ..layer
    };
    Sliding {
        layer,
        keep: 4,
        dropped: 67,
        context: 70,
    }
}

fn plain() -> [Case; 12] {
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
        sliding(rotary).rope(),
        rotary.hadamard(),
        rows.rms_norm(false),
        rows.rms_norm(true),
        rows.swiglu(),
        steep.swiglu(),
        rows.add(),
        logits(1).argmax(1),
        logits(3).score(),
        Sweep {
            groups: 3,
            rounds: 8,
        }
        .case(),
        multiply(35, 76, 68),
    ]
}
