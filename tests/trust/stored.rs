//! What is kept from one start to the next: a stored verdict skips the trials, and a broken or foreign one does not.

use lorgnette::{Profile, Runtime, RuntimeOptions, Variants};

use super::{changed, file, folder, known, load, logits, options, runtime};

/// Dispatches and events of trials that a load took.
fn trials(runtime: &Runtime) -> (u64, usize) {
    let events = load(runtime).expect("loads").1;
    (runtime.counters().dispatches, events)
}

#[test]
fn the_second_start_tries_nothing() {
    let folder = folder("second");
    let first = runtime(&[], Some(&folder));
    let (dispatches, events) = trials(&first);
    assert!(dispatches > 0 && events > 0, "{dispatches}, {events}");
    assert_eq!(
        trials(&first),
        (dispatches, 0),
        "nor the second load of the first start"
    );
    assert_eq!(trials(&runtime(&[], Some(&folder))), (0, 0));
    // By the clock, the other variants are tried too; then that is known as well.
    let timed = || Runtime::new(options(&[], Variants::default(), Some(&folder))).expect("opens");
    assert!(trials(&timed()).0 > 0);
    assert_eq!(trials(&timed()), (0, 0));
    timed().forget_verdict();
    assert!(trials(&timed()).0 > 0, "what was forgotten is tried again");
}

#[test]
fn without_a_folder_each_start_tries() {
    let (first, second) = (runtime(&[], None), runtime(&[], None));
    let dispatches = trials(&first);
    assert!(dispatches.0 > 0);
    assert_eq!(trials(&second), dispatches);
}

#[test]
fn another_device_or_source_is_tried_again() {
    let folder = folder("another");
    let used = |bound: &str| {
        let runtime = runtime(
            &[changed("swiglu", "bounded", "-80.0", bound)],
            Some(&folder),
        );
        known(&runtime, "swiglu", "bounded").1
    };
    assert_eq!(used("-1.0"), Some("plain"), "a wrong variant");
    assert_eq!(used("-79.0"), Some("bounded"), "of that name, but right");
    trials(&runtime(&[], Some(&folder)));
    let floor = Profile::named("glasses-floor").expect("a profile");
    let other = RuntimeOptions {
        profile: floor,
        ..options(&[], Variants::in_order(), Some(&folder))
    };
    assert!(trials(&Runtime::new(other).expect("opens")).0 > 0);
}

#[test]
fn broken_files_are_no_verdict() {
    let folder = folder("broken");
    let expected = logits(&load(&runtime(&[], Some(&folder))).expect("loads").0);
    let path = file(&folder, "json").expect("a verdict");
    let whole = std::fs::read_to_string(&path).expect("text");
    let cases = [
        ("garbage", "\u{1}\u{2}}{".to_owned()),
        ("nothing", String::new()),
        ("half", whole[..whole.len() / 2].to_owned()),
        (
            "another device's",
            whole.replace("lorgnette ", "lorgnette 9."),
        ),
        (
            "another source's",
            whole.replace("\"fingerprint\":\"", "\"fingerprint\":\"1"),
        ),
        (
            "no outcome that we know",
            whole.replace("\"right\"", "\"fine\""),
        ),
        ("a list", "[]".to_owned()),
    ];
    for (what, text) in cases {
        assert_ne!(text, whole, "{what}");
        std::fs::write(&path, text).expect("written");
        let runtime = runtime(&[], Some(&folder));
        let (model, events) = load(&runtime).expect(what);
        assert!(events > 0, "{what}: tried again");
        assert_eq!(logits(&model), expected, "{what}");
        let now = std::fs::read_to_string(&path).expect("text");
        assert_eq!(now, whole, "{what}: written anew");
    }
}

#[test]
fn a_note_that_says_nothing_is_no_harm() {
    let folder = folder("notes");
    trials(&runtime(&[], Some(&folder)));
    let (verdict, note) = (file(&folder, "json"), file(&folder, "trying"));
    for text in ["swiglu.pl", "no program\n", "\u{0}"] {
        std::fs::write(note.as_ref().expect("a note"), text).expect("written");
        std::fs::remove_file(verdict.as_ref().expect("a verdict")).expect("removed");
        assert!(trials(&runtime(&[], Some(&folder))).0 > 0, "{text:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_costs_only_time() {
    let folder = folder("blocked");
    std::fs::write(&folder, "a file where the folder would be").expect("written");
    for _ in 0..2 {
        assert!(trials(&runtime(&[], Some(&folder))).0 > 0);
    }
    std::fs::remove_file(&folder).expect("it is still a file");
}
