//! A model from an open file, or from the middle of one; and from one that has lost its name meanwhile.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};

use lorgnette::{Adapter, Error, LoadOptions, Model, Runtime, Source, Trim};
use lorgnette_tests::{Scratch, data, own_runtime};

use super::{answer, greedy, options, prompt};

fn load(
    runtime: &Runtime,
    source: impl Into<Source>,
    options: &LoadOptions,
) -> Result<Model, Error> {
    Model::load(runtime, source, options, |_| ())
}

fn path() -> std::path::PathBuf {
    data("llama3-tiny/q4_0.gguf")
}

/// The model behind this many other bytes, and in front of some.
fn packed(name: &str, offset: usize) -> (Scratch, u64) {
    let model = fs::read(path()).expect("the model");
    let scratch = Scratch::new(name);
    let all = [vec![0xee; offset], model.clone(), vec![0x11; 333]].concat();
    fs::write(scratch.as_ref(), all).expect("written");
    (scratch, model.len() as u64)
}

fn part(scratch: &Scratch, offset: u64, length: u64) -> Source {
    let file = File::open(scratch.as_ref()).expect("opens");
    Source::Part {
        file,
        offset,
        length,
    }
}

#[test]
fn the_same_model_however_it_is_given() {
    let runtime = own_runtime(Adapter::Cpu, None);
    let streamed = LoadOptions {
        streamed_layers: 2,
        ..options()
    };
    let mut file = File::open(path()).expect("opens");
    file.seek(SeekFrom::Start(777)).expect("seeks");
    let mut duplicate = file.try_clone().expect("a duplicate");
    let (odd, length) = packed("odd.bin", 4099);
    let models = [
        load(&runtime, path(), &options()),
        load(&runtime, file, &options()),
        load(&runtime, part(&odd, 4099, length), &options()),
        load(&runtime, part(&odd, 4099, length), &streamed),
    ];
    let told = models.map(|model| {
        let mut session = model.expect("loads").session().expect("a session");
        answer(&mut session, &prompt(1, 3), &greedy(2))
    });
    for other in &told[1..] {
        assert_eq!(*other, told[0]);
    }
    let mut next = [0; 4];
    duplicate.read_exact(&mut next).expect("reads");
    let bytes = fs::read(path()).expect("the model");
    assert_eq!(next, bytes[777..781], "nobody has moved it");
}

#[test]
fn a_part_that_is_none() {
    let runtime = own_runtime(Adapter::Cpu, None);
    let (scratch, length) = packed("parts.bin", 64);
    for (offset, bytes) in [(64, length + 334), (u64::MAX, 2), (length + 400, 0)] {
        let error = load(&runtime, part(&scratch, offset, bytes), &options());
        let error = error.map(drop).expect_err("not within the file");
        assert!(matches!(error, Error::Input { .. }), "{error}");
        assert!(error.to_string().contains(&bytes.to_string()), "{error}");
    }
    for (offset, bytes) in [(64, 0), (63, length), (64, length / 2)] {
        let error = load(&runtime, part(&scratch, offset, bytes), &options());
        let error = error.map(drop).expect_err("no model");
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
}

/// The file is open: what lies at its path now is another one.
#[test]
fn a_file_that_was_replaced() {
    let runtime = own_runtime(Adapter::Cpu, None);
    let scratch = Scratch::new("replaced.gguf");
    fs::copy(path(), scratch.as_ref()).expect("copied");
    let model = load(&runtime, scratch.as_ref(), &options()).expect("loads");
    let mut session = model.session().expect("a session");
    let expected = answer(&mut session, &prompt(1, 3), &greedy(2));
    fs::remove_file(scratch.as_ref()).expect("removed");
    fs::write(scratch.as_ref(), "no model").expect("written");
    assert!(model.trim(Trim::Weights) > 0);
    session.truncate(0);
    assert_eq!(answer(&mut session, &prompt(1, 3), &greedy(2)), expected);
}

/// One that was written to is not read again.
#[test]
fn a_file_that_was_written_to() {
    let runtime = own_runtime(Adapter::Cpu, None);
    let scratch = Scratch::new("changed.gguf");
    fs::copy(path(), scratch.as_ref()).expect("copied");
    let model = load(&runtime, scratch.as_ref(), &options()).expect("loads");
    let mut session = model.session().expect("a session");
    model.trim(Trim::Weights);
    let file = File::options().append(true).open(scratch.as_ref());
    std::io::Write::write_all(&mut file.expect("opens"), b"x").expect("written");
    for _ in 0..2 {
        let error = session.logits(&[1, 2]).expect_err("it has changed");
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
}
