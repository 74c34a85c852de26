//! A file that is not what it was when it was loaded: an error that says so, not wrong numbers, a crash or a hang.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use lorgnette::{Adapter, Error, Model, Runtime};
use lorgnette_tests::{Scratch, load, own_runtime, runtime};

use super::{LAYERS, mixed, options, prompt};

/// A model that streams from a file of its own, behind its first logits.
fn streaming(runtime: &Runtime, path: &Path) -> (Model, Vec<f32>) {
    mixed::make(path);
    let model = load(runtime, path, &options(LAYERS));
    let mut session = model.session().expect("a session");
    let logits = session.logits(&prompt(1, 9)).expect("logits");
    (model, logits)
}

fn fails(model: &Model, path: &Path) {
    let mut session = model.session().expect("a session");
    // Not only the first time.
    for length in [9, 1, 9] {
        let error = session.logits(&prompt(1, length)).expect_err("changed");
        let text = error.to_string();
        assert!(matches!(error, Error::Format { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(text.contains("since it was opened"), "{text}");
    }
    assert!(session.ids().is_empty(), "nothing went through");
}

#[test]
fn cut_off() {
    let cpu = own_runtime(Adapter::Cpu, None);
    for (name, runtime) in [("cut", runtime()), ("cut-cpu", &cpu)] {
        let path = Scratch::new(&format!("{name}.gguf"));
        let (model, _) = streaming(runtime, path.as_ref());
        let file = File::options().write(true).open(path.as_ref());
        let file = file.expect("opens");
        let length = file.metadata().expect("a length").len();
        file.set_len(length / 4).expect("cut");
        fails(&model, path.as_ref());
    }
}

#[test]
fn written_to() {
    let path = Scratch::new("written.gguf");
    let (model, _) = streaming(runtime(), path.as_ref());
    let mut file = File::options()
        .write(true)
        .open(path.as_ref())
        .expect("opens");
    file.seek(SeekFrom::End(-1)).expect("a last byte");
    file.write_all(&[7]).expect("written");
    // The clock of a file system may be slow.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    file.set_modified(later).expect("a time");
    fails(&model, path.as_ref());
}

/// As downloads do it: the model goes on with the file that it has open.
#[test]
fn replaced_by_another() {
    let path = Scratch::new("replaced.gguf");
    let (model, expected) = streaming(runtime(), path.as_ref());
    let other = Scratch::new("other.gguf");
    std::fs::write(other.as_ref(), b"another").expect("written");
    std::fs::rename(other.as_ref(), path.as_ref()).expect("replaced");
    let mut session = model.session().expect("a session");
    assert_eq!(session.logits(&prompt(1, 9)).expect("logits"), expected);
}
