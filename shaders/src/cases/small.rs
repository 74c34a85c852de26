//! The cases that a device's own trials play: one or two of every shader, a few kilobytes each, and one of a common size
//! where a time is wanted.

use super::{
    Attention, Case, Embedding, Logits, Multiply, Noise, Product, Rows, Sliding, Stream, Sweep,
};
use crate::cache::CacheFormat;
use crate::draw::Draw;
use crate::kernels::attend;
use crate::program::Shader;
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
    let mut found = match (shader.parts.weights, shader.parts.cache) {
        (Some(format), _) => measured_of_weights(shader, format),
        (_, Some(cache)) if shader.kernel == &attend::KERNEL => {
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
        }
        _ => Vec::new(),
    };
    if found.is_empty() {
        let small = small_of(shader).into_iter().next();
        found.push((1, small.expect("every shader has a small case")));
    }
    found
}

/// One case, and no other is made for it: they are the largest.
fn measured_of_weights(shader: &Shader, format: WeightFormat) -> Vec<(u32, Case)> {
    let product = Product {
        format,
        rows: 1024,
        blocks: 16,
        count: 64,
        offset: 0,
        behind: 0,
        accumulate: false,
        lanes: 1,
    };
    let stream = Stream {
        format,
        rows: 1024,
        blocks: 16,
        count: 1,
        offset: 0,
        behind: 0,
        lanes: 4,
    };
    let case = match shader.kernel.name {
        "matvec" => product.matvec(),
        "matmul" => product.matmul(),
        "matvec_norm" => stream.matvec_norm(),
        "matvec_gate" => Stream {
            rows: 512,
            ..stream
        }
        .matvec_gate(false),
        "matvec_add" => stream.matvec_add(),
        _ => return Vec::new(),
    };
    vec![(1, case)]
}

fn of_weights(format: WeightFormat) -> [Case; 8] {
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
        lanes: 1,
    };
    let stream = Stream {
        format,
        rows: 141,
        blocks: 8,
        count: 7,
        offset: 3,
        behind: 2,
        lanes: 8,
    };
    [
        table.embed(),
        product.matvec(),
        product.matmul(),
        stream.matmul(),
        stream.matvec_norm(),
        stream.matvec_gate(false),
        stream.matvec_gate(true),
        Stream {
            rows: 140,
            ..stream
        }
        .matvec_add(),
    ]
}

fn of_cache(cache: CacheFormat) -> [Case; 6] {
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
        attention.attend_split(),
        sliding.kv_write(),
        sliding.attend(),
        sliding.attend_split(),
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

fn plain() -> [Case; 19] {
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
    let stream = Stream {
        format: WeightFormat::F32,
        rows: 1,
        blocks: 11,
        count: 2,
        offset: 0,
        behind: 0,
        lanes: 4,
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
    let warm = Draw::new(0.8, 40, 0.95, 0.05, 0xb000_0000);
    let hot = Draw::new(9.0, 0, 0.6, 0.0, 0x4000_0000);
    let all = Draw::new(1.3, 0, 1.0, 0.0, 0xffff_ffff);
    [
        rotary.rope(),
        sliding(rotary).rope(),
        rotary.hadamard(),
        Attention {
            position: 1000,
            ..rotary
        }
        .attend_merge(),
        rows.rms_norm(false),
        rows.rms_norm(true),
        rows.swiglu(),
        steep.swiglu(),
        rows.add(),
        stream.scale(),
        logits(1).argmax(1),
        logits(3).argmax_of_all(),
        logits(1).peaks(),
        logits(1).choose(1, warm),
        logits(1).choose(1, hot),
        logits(1).choose(1, all),
        logits(3).score(),
        Sweep {
            groups: 3,
            rounds: 8,
        }
        .case(),
        multiply(35, 76, 68),
    ]
}
