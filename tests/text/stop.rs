//! Stop strings never show, however the text is cut.

use lorgnette::StopStrings;

use crate::given::said;

fn watching(strings: &[&str]) -> StopStrings {
    StopStrings::new(strings.iter().map(|s| s.to_string()).collect()).unwrap()
}

#[test]
fn a_stop_string_never_shows_wherever_the_text_is_cut() {
    let text = "söng ENEND: and EN more";
    let cuts = |from: usize| (from..=text.len()).filter(|&at| text.is_char_boundary(at));
    for (first, second) in cuts(0).flat_map(|first| cuts(first).map(move |second| (first, second)))
    {
        let mut stop = watching(&["END:", "never"]);
        let mut shown = String::new();
        let mut stopped = false;
        for part in [&text[..first], &text[first..second], &text[second..]] {
            let passed = stop.push(part);
            shown += &passed.text;
            stopped |= passed.stopped;
            if stopped {
                break;
            }
        }
        assert_eq!(
            (shown.as_str(), stopped),
            ("söng EN", true),
            "cut at {first} and {second}"
        );
    }
}

#[test]
fn what_cannot_become_a_stop_string_shows_at_once() {
    let mut stop = watching(&["</s>", "\n\nUser"]);
    let shown: Vec<_> = ["a", "<", "/", "b", "\n", "\n", "\n", "U", "x"]
        .map(|text| stop.push(text).text)
        .into();
    assert_eq!(shown, ["a", "", "", "</b", "", "", "\n", "", "\n\nUx"]);
}

#[test]
fn what_is_held_is_given_out_at_the_end() {
    let mut stop = watching(&["</s>"]);
    assert_eq!(stop.push("ok </").text, "ok ");
    assert_eq!((stop.finish(), stop.finish()), ("</".into(), String::new()));
}

#[test]
fn the_stop_string_that_begins_first_counts() {
    let passed = watching(&["b", "abc"]).push("xabcd");
    assert_eq!((passed.text.as_str(), passed.stopped), ("x", true));
    assert_eq!(watching(&[]).push("anything").text, "anything");
}

#[test]
fn an_empty_stop_string_is_refused() {
    let found = said(StopStrings::new(vec!["a".into(), String::new()]));
    assert!(found.contains("stop string 1"), "{found}");
}
