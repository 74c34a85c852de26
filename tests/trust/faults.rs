//! Broken kernels in a process that lives on: they are not used, the text is right, and where nothing is left the load
//! says so.

use std::sync::{Mutex, PoisonError};

use lorgnette::trust::Outcome;
use lorgnette::{Error, Runtime, Variants};

use super::{Extra, acting, changed, expect, folder, known, load, logits, options, runtime, with};

/// Sums that are a little wrong: by a thousandth.
fn liar() -> Extra {
    let sum = "row_product(id.x, 0u)";
    changed("matvec", "lies", sum, &format!("({sum}) * 1.001"))
}

/// Right sums of all rows but the last.
fn forgetful() -> Extra {
    changed(
        "matmul",
        "forgets",
        "row >= params.rows",
        "row + 1u >= params.rows",
    )
}

fn broken() -> Extra {
    with("swiglu", "breaks", "no shader at all".to_owned(), |_, _| {
        [1, 1, 1]
    })
}

#[test]
fn wrong_kernels_are_passed_over_and_the_numbers_stay_right() {
    let sound = runtime(&[], None);
    let expected = logits(&load(&sound).expect("loads").0);
    let faulty = runtime(&[liar(), forgetful(), broken()], None);
    let (model, trials) = load(&faulty).expect("loads");
    assert!(trials > 0, "trials are told of");
    assert_eq!(logits(&model), expected, "the next variant's numbers");
    expect(&faulty, "matmul", "forgets", Outcome::Wrong, &["NMSE"]);
    expect(&faulty, "matvec", "lies", Outcome::Wrong, &["NMSE"]);
    expect(
        &faulty,
        "swiglu",
        "breaks",
        Outcome::Refused,
        &["swiglu.breaks"],
    );
    let found = known(&faulty, "matvec", "lies").0.expect("it was tried");
    assert!((1e-9..1e-5).contains(&found.nmse), "{}", found.nmse);
}

#[test]
fn a_kernel_without_a_right_variant_is_an_error() {
    let pinned = Variants::in_order().pin("matvec", "lies");
    let runtime = Runtime::new(options(&[liar()], pinned, None)).expect("opens");
    let error = load(&runtime).map(|_| ()).expect_err("nothing is right");
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    let text = error.to_string();
    for part in ["kernel matvec[", "lies is wrong", "NMSE"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert_eq!(runtime.counters().live_bytes, 0, "nothing was made");
}

/// The device that is lost while a kernel is tried on it.
static LOST: Mutex<Option<Runtime>> = Mutex::new(None);

fn lose(_: &[u8], _: &lorgnette_shaders::Step) -> [u32; 3] {
    let runtime = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    runtime.as_ref().expect("a device").lose_device();
    [1, 1, 1]
}

#[test]
fn a_kernel_that_loses_the_device_is_barred_and_a_new_runtime_goes_on() {
    let folder = folder("lost");
    let extra = [acting("swiglu", "loses", lose)];
    let doomed = runtime(&extra, Some(&folder));
    *LOST.lock().unwrap_or_else(PoisonError::into_inner) = Some(doomed.clone());
    for what in ["the load", "every load after it"] {
        let error = load(&doomed).map(|_| ()).expect_err(what);
        assert!(matches!(error, Error::DeviceLost(_)), "{what}: {error}");
        assert!(error.to_string().contains("make a new runtime"), "{error}");
    }
    assert_eq!(doomed.counters().live_bytes, 0, "nothing is left");
    let second = runtime(&extra, Some(&folder));
    let model = load(&second).expect("loads").0;
    assert_eq!(
        logits(&model),
        logits(&load(&runtime(&[], None)).expect("loads").0)
    );
    expect(
        &second,
        "swiglu",
        "loses",
        Outcome::Barred,
        &["device was lost"],
    );
}
