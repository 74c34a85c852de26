//! Plans and memory on paper, without a GPU: what is dispatched, that every weight row is used once, that nothing lies on
//! top of anything else, and that every binding fits.

mod budget;
mod coverage;
mod dispatches;
mod limits;
mod placement;
mod streamed;
mod work;

use lorgnette::formats::Checkpoint;
use lorgnette::plan::{Home, Plan};
use lorgnette::{Blueprint, KvFormat, LoadOptions};
use lorgnette_tests::data;

const COMMON: u64 = 128 << 20;
const QUANTS: [&str; 2] = ["q4_0", "q4_k_m"];

fn checkpoint(quant: &str) -> Checkpoint {
    Checkpoint::open(&data(&format!("llama3-tiny/{quant}.gguf"))).expect("a tiny model")
}

/// What a test looks at, and its name.
struct Paper {
    name: String,
    checkpoint: Checkpoint,
    blueprint: Blueprint,
}

/// Both tiny models with all recordings, fused and not, with caches of every format, under several limits.
fn papers() -> Vec<Paper> {
    let mut papers = Vec::new();
    for quant in QUANTS {
        for limit in [COMMON, 100_000, 64 << 10] {
            for (kv, fused) in KvFormat::ALL.into_iter().zip([false, true, true, true]) {
                let checkpoint = checkpoint(quant);
                let options = LoadOptions {
                    kv,
                    fused,
                    speculation: true,
                    ..Default::default()
                };
                let name = format!("{quant}, {limit} bytes a binding, {kv:?}, fused {fused}");
                let blueprint = Blueprint::new(&checkpoint, &options, limit);
                let blueprint = blueprint.unwrap_or_else(|error| panic!("{name}: {error}"));
                papers.push(Paper {
                    name,
                    checkpoint,
                    blueprint,
                });
            }
        }
    }
    papers
}

fn plan<'a>(blueprint: &'a Blueprint, name: &str) -> &'a Plan {
    let found = blueprint.plans.iter().find(|plan| plan.name == name);
    found.unwrap_or_else(|| panic!("a plan {name}"))
}

/// The slot of a scratch tensor.
fn slot(plan: &Plan, tensor: usize) -> Option<usize> {
    match plan.tensors[tensor].home {
        Home::Scratch(slot) => Some(slot),
        _ => None,
    }
}
