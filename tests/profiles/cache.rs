//! Pipelines on disk: written whole, read again, and never in the way when they are broken or not ours.

use std::path::{Path, PathBuf};

use lorgnette::{Adapter, LoadOptions, Runtime, RuntimeOptions, Variants};
use lorgnette_tests::{data, load, runtime, skipped};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pipelines-{name}"));
    // It may not be there.
    std::fs::remove_dir_all(&folder).unwrap_or(());
    folder
}

/// The logits of a model that was loaded with this folder.
fn logits(folder: &Path) -> Vec<f32> {
    let adapter = std::env::var("LORGNETTE_ADAPTER").map_or(Adapter::Auto, Adapter::Named);
    let runtime = Runtime::new(RuntimeOptions {
        adapter,
        cache_dir: Some(folder.to_owned()),
        variants: Variants::in_order(),
        ..Default::default()
    });
    let path = data("llama3-tiny/q4_0.gguf");
    let model = load(&runtime.expect("opens"), path, &LoadOptions::default());
    let mut session = model.session().expect("a session");
    session.logits(&[1, 2, 3, 4, 5]).expect("logits")
}

/// The one file in a folder beside the verdict on the device.
fn only_file(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|e| e.expect("an entry").path());
    let verdict = |path: &PathBuf| path.to_string_lossy().contains("/verdict-");
    let files: Vec<PathBuf> = paths.filter(|path| !verdict(path)).collect();
    assert_eq!(files.len(), 1, "nothing beside the cache: {files:?}");
    files[0].clone()
}

fn is_kept(test: &str) -> bool {
    let vulkan = runtime().adapter().backend == "vulkan";
    if !vulkan {
        skipped(test, "wgpu keeps pipelines on Vulkan only");
    }
    vulkan
}

#[test]
fn a_cache_is_written_and_what_is_broken_is_replaced() {
    if !is_kept("cache::a_cache_is_written_and_what_is_broken_is_replaced") {
        return;
    }
    let folder = folder("broken");
    let expected = logits(&folder);
    let path = only_file(&folder);
    let whole = std::fs::read(&path).expect("a file");
    assert!(whole.len() > 16, "{} bytes", whole.len());
    assert_eq!(logits(&folder), expected, "with the cache");

    let mut foreign = whole.clone();
    foreign[8] ^= 0xff;
    let mut altered = whole.clone();
    *altered.last_mut().expect("bytes") ^= 0xff;
    let cases = [
        ("garbage", vec![0xa5; 4096]),
        ("nothing", Vec::new()),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("another device's", foreign),
        ("altered", altered),
    ];
    for (what, bytes) in cases {
        std::fs::write(&path, &bytes).expect("written");
        assert_eq!(logits(&folder), expected, "{what}");
        let now = std::fs::read(only_file(&folder)).expect("a file");
        assert_ne!(now, bytes, "{what} was replaced");
        assert_eq!(now[..8], whole[..8], "{what}: by a cache");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    let folder = folder("blocked");
    std::fs::write(&folder, "a file where the folder would be").expect("written");
    assert!(!logits(&folder).is_empty());
    std::fs::remove_file(&folder).expect("it is still a file");
}

#[test]
fn nothing_is_written_where_nobody_asked() {
    assert_eq!(RuntimeOptions::default().cache_dir, None);
}
