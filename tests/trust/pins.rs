//! Variants that the caller pins: as text, as options, and what is refused.

use lorgnette::trust::Judged;
use lorgnette::{Error, Medium, Runtime, Variants};
use lorgnette_shaders::Shader;

use super::{load, logits, options, runtime};

fn parsed(text: &str) -> Variants {
    text.parse().expect("pins")
}

#[test]
fn pins_are_read_from_a_line_or_a_file() {
    let expected = Variants::in_order()
        .pin("matmul", "plain")
        .pin("matvec[q4_0]", "wide");
    assert_eq!(parsed("in-order,matmul=plain,matvec[q4_0]=wide"), expected);
    let file =
        "# what this phone needs\nin-order\nmatmul = plain # its compiler\n\nmatvec[q4_0]=wide\n";
    assert_eq!(parsed(file), expected);
    assert_eq!(parsed(""), Variants::default());
}

#[test]
fn a_pinned_variant_is_used() {
    let pinned = parsed("matmul=plain,matvec=plain");
    let runtime_pinned = Runtime::new(options(&[], pinned, None)).expect("opens");
    for kernel in ["matmul", "matvec"] {
        let used = super::known(&runtime_pinned, kernel, "plain").1;
        assert_eq!(used, Some("plain"), "{kernel}");
    }
    let plain = logits(&load(&runtime_pinned).expect("loads").0);
    let first = logits(&load(&runtime(&[], None)).expect("loads").0);
    let most = lorgnette_tests::max_distance(&plain, &first);
    // Another order of summation: other bits, the same numbers.
    assert!(most > 0.0 && most < 1e-3, "{most}");
}

/// What the matrices of every shader of a model lie in, with these pins.
fn media(text: &str) -> Vec<Option<Medium>> {
    let runtime = Runtime::new(options(&[], parsed(text), None)).expect("opens");
    let (model, _) = load(&runtime).expect("loads");
    let plans = model.blueprint().plans.iter();
    let with_weights = |shader: &Shader| shader.parts.weights.is_some();
    let shaders = plans.flat_map(|plan| plan.dispatches()).map(|d| d.shader);
    let shaders: Vec<Shader> = shaders.filter(with_weights).collect();
    let judged = runtime
        .judge(&shaders, None, &mut |_, _| ())
        .expect("a verdict");
    judged.iter().map(Judged::medium).collect()
}

/// In order, a buffer where nothing is pinned; by the clock either, but one for all.
#[test]
fn matrices_lie_in_the_pinned_medium() {
    let all = |media: &[Option<Medium>], medium| media.iter().all(|m| *m == Some(medium));
    assert!(all(&media("in-order"), Medium::Buffer));
    assert!(all(&media("in-order,weights=texture"), Medium::Texture));
    let chosen = media("");
    assert!(
        Medium::ALL.iter().any(|medium| all(&chosen, *medium)),
        "{chosen:?}"
    );
}

#[test]
fn unknown_names_are_refused_in_words() {
    let refused = |text: &str| -> Error {
        let variants = text.parse::<Variants>();
        let made = variants.and_then(|v| Runtime::new(options(&[], v, None)).map(drop));
        made.expect_err(text)
    };
    for (text, words) in [
        ("matmul=fast", &["plain for matmul", "\"fast\""][..]),
        ("matmull=plain", &["matmul", "rope", "\"matmull\""]),
        ("matmul[q9]=plain", &["\"matmul[q9]\""]),
        ("matmul", &["KERNEL=VARIANT", "\"matmul\""]),
        (
            "weights=disk",
            &["buffer or texture for weights", "\"disk\""],
        ),
    ] {
        let error = refused(text);
        assert!(matches!(error, Error::Input { .. }), "{error}");
        for word in words {
            assert!(
                error.to_string().contains(word),
                "{word} is not in: {error}"
            );
        }
    }
}
