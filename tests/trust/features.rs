//! Variants that need what a device may lack: there they are neither used nor tried, and to pin one is an error.

use lorgnette::{Error, Profile, Runtime, RuntimeOptions, Variants};
use lorgnette_shaders::cases::small;
use lorgnette_shaders::kernels::matvec;
use lorgnette_shaders::{Feature, Shader, Variant, shaders};
use lorgnette_tests::skipped;

use super::{Extra, kernel, options};

/// The plain variant as one for devices with subgroups, wanted before all others.
fn wanted() -> Extra {
    let plain = kernel("matvec").variants.last().expect("a variant");
    let variant = Variant {
        name: "wanted",
        needs: &[Feature::Subgroups],
        ..*plain
    };
    ("matvec", Box::leak(Box::new(variant)))
}

fn on(profile: &str, extra: &[Extra], variants: Variants) -> lorgnette::Result<Runtime> {
    Runtime::new(RuntimeOptions {
        profile: Profile::named(profile).expect("a profile"),
        ..options(extra, variants, None)
    })
}

/// A device that has the feature and one that has not, unless this adapter cannot be one of them.
fn devices(test: &str, extra: &[Extra]) -> Option<[Runtime; 2]> {
    let name = Feature::Subgroups.name();
    let both = ["native", "webgpu-default"].map(|profile| on(profile, extra, Variants::in_order()));
    match both {
        [Ok(with), Ok(without)] if with.adapter().features.contains(&name) => {
            assert!(!without.adapter().features.contains(&name));
            Some([with, without])
        }
        [Ok(with), _] => {
            let features = with.adapter().features.join(", ");
            skipped(
                test,
                &format!("this adapter has {features} alone, or less than the profile"),
            );
            None
        }
        [Err(error), _] => panic!("{error}"),
    }
}

fn products() -> Vec<Shader> {
    let mut all = shaders();
    all.retain(|shader| shader.kernel == &matvec::KERNEL);
    all.truncate(2);
    all
}

#[test]
fn what_a_device_cannot_have_is_neither_used_nor_tried() {
    let test = "features::what_a_device_cannot_have_is_neither_used_nor_tried";
    let Some([with, without]) = devices(test, &[wanted()]) else {
        return;
    };
    for (runtime, used, tried) in [
        (&with, "wanted", &["wanted"][..]),
        (&without, "wide", &["wide"]),
    ] {
        let judged = runtime.judge(&products(), None, &mut |_, _| ());
        for judged in judged.expect("a verdict") {
            let label = judged.shader.label();
            let names = judged.found.iter().map(|(program, _)| program.variant.name);
            assert_eq!(names.collect::<Vec<_>>(), tried, "{label}");
            let chosen = judged.used.map(|program| program.variant.name);
            assert_eq!(chosen, Some(used), "{label}");
        }
    }
    // By the clock everything is tried that the device can have.
    let timed = on("webgpu-default", &[wanted()], Variants::default()).expect("opens");
    let judged = timed.judge(&products()[..1], None, &mut |_, _| ());
    let found = judged.expect("a verdict").remove(0).found;
    let mut names: Vec<_> = found
        .iter()
        .map(|(program, _)| program.variant.name)
        .collect();
    names.dedup();
    assert_eq!(names, ["wide", "lanes", "plain"]);
}

#[test]
fn to_pin_or_play_it_there_is_an_error() {
    let test = "features::to_pin_or_play_it_there_is_an_error";
    let Some([with, without]) = devices(test, &[]) else {
        return;
    };
    let pinned = || Variants::in_order().pin("matvec", "subgroup");
    on("native", &[], pinned()).expect("this one has it");
    let pinned = on("webgpu-default", &[], pinned()).map(drop);

    let of_matvec = |shader: &Shader| shader.kernel == &matvec::KERNEL;
    let case = small().into_iter().find(|case| of_matvec(&case.shader));
    let case = case.expect("a small case");
    let mut programs = case.shader.programs();
    let program = programs.find(|program| !program.variant.needs.is_empty());
    let program = program.expect("a variant that needs something");
    let play = |runtime: &Runtime| {
        let mut buffers = case.buffers.clone();
        runtime.run_kernel(&program, &case.params, case.step, &mut buffers)
    };
    play(&with).expect("this one has it");
    for (what, refused) in [("matvec=subgroup", pinned), ("].subgroup", play(&without))] {
        let error = refused.expect_err(what);
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        for words in [what, "a device with subgroups"] {
            assert!(
                error.to_string().contains(words),
                "{words} is not in: {error}"
            );
        }
    }
}
