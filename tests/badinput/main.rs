//! Model files that a reader accepts and a model cannot be, and options that cannot be met: each ends in an error that
//! says what was expected and found.

mod altered;
mod not_finite;
mod options;
mod wrong;

use altered::Altered;
use lorgnette::{Adapter, Error, LoadOptions, Model, Runtime};
use lorgnette_tests::own_runtime;

/// The plain references: nothing here needs a device.
fn cpu() -> Runtime {
    own_runtime(Adapter::Cpu, None)
}

/// Loads it without a device: what is checked here, is checked before one is used.
fn refusal(file: &Altered, name: &str, options: &LoadOptions) -> Error {
    let path = file.write(name);
    match Model::load(&cpu(), path.as_ref(), options, |_| ()) {
        Ok(_) => panic!("{name} was loaded"),
        Err(error) => error,
    }
}

/// The error must be of that kind and say all of these.
macro_rules! refused {
    ($error:expr, $kind:path, $($part:expr),+) => {{
        let error = $error;
        assert!(matches!(error, $kind { .. }), "{error:?}");
        let text = error.to_string();
        for part in [$($part),+] {
            assert!(text.contains(part), "no \"{part}\" in: {text}");
        }
    }};
}

use refused;
