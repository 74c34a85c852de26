//! Measure.
use lorgnette::formats::Checkpoint;
use lorgnette::*;
use lorgnette_tests::{allocations, data, own_runtime, smollm2};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

fn at(what: &str, base: isize) {
    println!(
        "{what:30} live {:>10} peak {:>10}",
        allocations::live() - base,
        allocations::peak() - base
    );
    allocations::live_from_now();
}

fn look(path: &std::path::Path, adapter: Adapter) {
    let r = own_runtime(adapter.clone(), None);
    println!("{adapter:?} {path:?}");
    let base = allocations::live_from_now();
    let c = Checkpoint::open(path).unwrap();
    at("open", base);
    let b = Blueprint::new(&c, &LoadOptions::default(), 128 << 20).unwrap();
    println!(
        "{} dispatches",
        b.plans
            .iter()
            .map(|p| p.dispatches().count())
            .sum::<usize>()
    );
    at("blueprint", base);
    let m = b.memory.clone();
    println!(
        "host_bytes {}",
        lorgnette::text::host_bytes(c.metadata()).unwrap()
    );
    let t = lorgnette::text::tokenizer(c.metadata()).unwrap();
    at("tokenizer", base);
    let ct = lorgnette::text::chat_template(c.metadata(), &t).unwrap();
    at("template", base);
    drop((c, b, t, ct));
    at("dropped", base);
    let mut stage = None;
    let model = Model::load(&r, path, &LoadOptions::default(), |p| {
        if stage != Some(p.stage) {
            stage = Some(p.stage);
            at(&format!("{p:?}"), base);
        }
    })
    .unwrap();
    at("loaded", base);
    println!(
        "buffers {} pipelines {}",
        r.counters().buffers,
        r.counters().pipelines
    );
    let mut s = model.session().unwrap();
    at("session", base);
    println!("bind groups {}", r.counters().bind_groups);
    if matches!(adapter, Adapter::Cpu) {
        println!(
            "gpu bytes: {} + session {}",
            m.weights_bytes() + m.slots.iter().sum::<u64>(),
            m.session.total()
        );
    }
    let ids = [5, 6, 7, 8, 9];
    s.logits(&ids).unwrap();
    at("logits", base);
    let o = GenerateOptions {
        max_tokens: Some(4),
        ..Default::default()
    };
    for e in s.generate(Prompt::Ids(&ids), &o).unwrap() {
        e.unwrap();
    }
    at("generate", base);
    s.score(&ids).unwrap();
    at("score", base);
    drop(s);
    at("session dropped", base);
    drop(model);
    at("model dropped", base);
    let t = r.counters();
    println!("{t:?}");
    drop(r);
    at("runtime dropped", base);
}

#[test]
fn measure() {
    let tiny = data("llama3-tiny/q4_k_m.gguf");
    look(&tiny, Adapter::Cpu);
    look(&tiny, Adapter::Auto);
    look(&tiny, Adapter::Auto);
    let s = smollm2::path("x").unwrap();
    look(&s, Adapter::Auto);
}
