//! Matrices in textures: bit for bit the numbers that they give in buffers, for the arithmetic is the same; held in memory,
//! streamed, in pieces, and brought there through a small ring. And the same bytes.

use lorgnette::trust::Judged;
use lorgnette::{LoadOptions, Medium, Model, Runtime};
use lorgnette_tests::{data, load, own_runtime, runtime, texture_runtime};

use super::numbers::{bits, numbers};
use super::{LAYERS, mixed, options, prompt};

/// Every matrix that the model reads is one; what is held is what was planned.
fn expect_textures(runtime: &Runtime, model: &Model) {
    let dispatches = model.blueprint().plans.iter().flat_map(|p| p.dispatches());
    let shaders: Vec<_> = dispatches.map(|dispatch| dispatch.shader).collect();
    let judged = runtime
        .judge(&shaders, None, &mut |_, _| ())
        .expect("a verdict");
    let media: Vec<_> = judged.iter().filter_map(Judged::medium).collect();
    assert!(!media.is_empty());
    assert!(media.iter().all(|m| *m == Medium::Texture), "{media:?}");
    assert_eq!(runtime.counters().live_bytes, model.memory().held());
}

fn check(path: &std::path::Path, counts: &[usize]) {
    let expected = numbers(&load(runtime(), path, &options(0)));
    for streamed in counts {
        let textures = texture_runtime(None);
        let model = load(&textures, path, &options(*streamed));
        expect_textures(&textures, &model);
        assert_eq!(numbers(&model), expected, "{streamed} layers streamed");
        let memory = model.memory().clone();
        drop(model);
        assert_eq!(textures.counters().live_bytes, 0);
        let peak = textures.counters().peak_bytes;
        assert!(peak >= memory.held() + memory.session.total(), "{peak}");
        let buffers = load(runtime(), path, &options(*streamed));
        assert_eq!(&memory, buffers.memory(), "no byte depends on it");
    }
}

#[test]
fn blocks_of_several_formats() {
    check(mixed::path(), &[0, 2, LAYERS]);
}

#[test]
fn super_blocks() {
    check(&data("llama3-tiny/q4_k_m.gguf"), &[0, 1]);
}

/// Chunks of eight rows, that begin and end within a texture's row; each matrix cut at the least limit.
#[test]
fn the_smallest_ring_and_pieces() {
    let small = |streamed| LoadOptions {
        context: Some(32),
        staging_bytes: 4 << 10,
        ..options(streamed)
    };
    let ids = prompt(4, 10);
    let logits = |model: &Model| {
        let mut session = model.session().expect("a session");
        [&ids[..9], &ids].map(|ids| bits(session.logits(ids).expect("logits")))
    };
    let limit = Some(6 << 10);
    let buffers = own_runtime(lorgnette::Adapter::Auto, limit);
    let expected = logits(&load(&buffers, mixed::path(), &small(0)));
    for streamed in [0, LAYERS - 1] {
        let textures = texture_runtime(limit);
        let model = load(&textures, mixed::path(), &small(streamed));
        expect_textures(&textures, &model);
        assert_eq!(logits(&model), expected, "{streamed} layers streamed");
    }
}
