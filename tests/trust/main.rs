//! The trusted device: what becomes of kernels that lie, do not compile, lose the device, end the process or never come
//! back, and what is kept from one start to the next. Whether the crate's own kernels are right is for `kernels`.

mod faults;
mod features;
mod forced;
mod pins;
mod process;
mod stored;

use std::path::{Path, PathBuf};

use lorgnette::trust::{Finding, Outcome};
use lorgnette::{
    Adapter, Error, LoadOptions, Model, Progress, Runtime, RuntimeOptions, Stage, Variants,
};
use lorgnette_shaders::{KERNELS, Kernel, Shader, Step, Variant, shaders};
use lorgnette_tests::data;

/// A variant that is wanted before the kernel's own, with the kernel that it is of.
type Extra = (&'static str, &'static Variant);

/// Workgroups by params and step.
type Grid = fn(&[u8], &Step) -> [u32; 3];

fn kernel(name: &str) -> &'static Kernel {
    let found = KERNELS.into_iter().find(|kernel| kernel.name == name);
    found.expect("a kernel")
}

/// The plain variant of a kernel under another name and with a change.
fn changed(kernel_name: &'static str, name: &'static str, from: &str, to: &str) -> Extra {
    let plain = kernel(kernel_name).variants.last().expect("a variant");
    assert!(plain.wgsl.contains(from), "{kernel_name} has \"{from}\"");
    with(kernel_name, name, plain.wgsl.replace(from, to), plain.grid)
}

/// The plain variant of a kernel under another name, with another source and grid.
fn with(kernel_name: &'static str, name: &'static str, wgsl: String, grid: Grid) -> Extra {
    let plain = kernel(kernel_name).variants.last().expect("a variant");
    let variant = Variant {
        name,
        wgsl: wgsl.leak(),
        parts: plain.parts,
        constants: plain.constants,
        needs: plain.needs,
        grid,
    };
    (kernel_name, Box::leak(Box::new(variant)))
}

/// The same source with a host function that is called while it is tried: what a driver might do, done by us.
fn acting(kernel_name: &'static str, name: &'static str, grid: Grid) -> Extra {
    let plain = kernel(kernel_name).variants.last().expect("a variant");
    with(kernel_name, name, plain.wgsl.to_owned(), grid)
}

/// Options of a device of these variants, with what is kept in a folder.
fn options(extra: &[Extra], variants: Variants, folder: Option<&Path>) -> RuntimeOptions {
    RuntimeOptions {
        adapter: std::env::var("LORGNETTE_ADAPTER").map_or(Adapter::Auto, Adapter::Named),
        variants,
        extra_variants: extra.to_vec(),
        cache_dir: folder.map(Path::to_owned),
        ..Default::default()
    }
}

fn runtime(extra: &[Extra], folder: Option<&Path>) -> Runtime {
    Runtime::new(options(extra, Variants::in_order(), folder)).expect("opens")
}

/// The tiny model, and how many events of trials its load gave.
fn load(runtime: &Runtime) -> Result<(Model, usize), Error> {
    let mut trials = 0;
    let progress = |progress: Progress| trials += usize::from(progress.stage == Stage::Trials);
    let path = data("llama3-tiny/q4_0.gguf");
    let model = Model::load(runtime, path, &LoadOptions::default(), progress)?;
    Ok((model, trials))
}

/// Logits behind a prompt and one more token: both ways that a step goes.
fn logits(model: &Model) -> Vec<f32> {
    let mut session = model.session().expect("a session");
    let prompt = session.logits(&[1, 2, 3, 4, 5]).expect("logits");
    let next = session.logits(&[1, 2, 3, 4, 5, 6]).expect("logits");
    [prompt, next].concat()
}

/// What is known of a variant of a kernel without parts, and which variant is used for it.
fn known(
    runtime: &Runtime,
    kernel: &str,
    variant: &str,
) -> (Option<Finding>, Option<&'static str>) {
    let of_kernel = |shader: &Shader| shader.kernel.name == kernel;
    let shader = shaders().into_iter().find(of_kernel).expect("a kernel");
    let judged = runtime
        .judge(&[shader], None, &mut |_, _| ())
        .expect("a verdict");
    let found = judged[0]
        .found
        .iter()
        .find(|(program, _)| program.variant.name == variant);
    let used = judged[0].used.map(|program| program.variant.name);
    (found.map(|(_, finding)| finding.clone()), used)
}

fn expect(runtime: &Runtime, kernel: &str, variant: &str, outcome: Outcome, words: &[&str]) {
    let (finding, used) = known(runtime, kernel, variant);
    let finding = finding.expect("it was tried");
    assert_eq!(finding.outcome, outcome, "{}", finding.message);
    for word in words {
        let message = &finding.message;
        assert!(message.contains(word), "{word} is not in: {message}");
    }
    assert_ne!(used, Some(variant), "it is not used");
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trust-{name}"));
    // It may not be there.
    std::fs::remove_dir_all(&folder).unwrap_or(());
    folder
}

/// The file of a folder with this ending.
fn file(folder: &Path, ending: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut with_ending = paths.filter(|path| path.extension().is_some_and(|e| e == ending));
    with_ending.next()
}
