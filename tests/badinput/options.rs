//! Options and limits that fit no model, or not this one. Checked before anything is allocated.
//! What the file itself can have wrong is in `wrong`.

use lorgnette::{Adapter, Error, LoadOptions, Model};
use lorgnette_tests::own_runtime;

use super::altered::Altered;
use super::{refusal, refused};

#[test]
fn options() {
    let with = |name: &str, options: LoadOptions| refusal(&Altered::tiny(), name, &options);
    for context in [0, 1 << 30, u32::MAX] {
        let options = LoadOptions {
            context: Some(context),
            ..Default::default()
        };
        let found = format!("found {context}");
        refused!(
            with("context", options),
            Error::Input,
            "context",
            "1 to",
            found.as_str()
        );
    }
    let options = LoadOptions {
        prefill_chunk: 0,
        ..Default::default()
    };
    refused!(
        with("chunk", options),
        Error::Input,
        "prefill chunk",
        "at least 1",
        "found 0"
    );
}

/// A limit under which not even one row of a tensor or of activations can be bound.
#[test]
fn bindings_that_are_too_small() {
    let runtime = own_runtime(Adapter::Cpu, Some(512));
    let path = Altered::tiny().write("small-binding");
    let error = Model::load(&runtime, path.as_ref(), &LoadOptions::default(), |_| ())
        .expect_err("nothing fits");
    assert!(
        matches!(error, Error::Limit { limit: 512, .. }),
        "{error:?}"
    );
}
