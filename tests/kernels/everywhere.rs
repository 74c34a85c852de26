//! All cases once more: on every profile, and with every size of subgroup that the software driver can have.

use std::path::Path;

use lorgnette_tests::elsewhere::{at_every_width, on_every_profile};

/// All but these and what has nothing to do with the device.
const TESTS: [&str; 8] = [
    "--skip",
    "everywhere::",
    "--skip",
    "selftest::the_references_pass",
    "--skip",
    "selftest::wrong_results",
    "--skip",
    "selftest::what_cannot_be_bound",
];

#[test]
fn on_profiles() {
    on_every_profile("everywhere::on_profiles", &TESTS);
}

#[test]
fn at_widths() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    at_every_width("everywhere::at_widths", &TESTS, folder);
}
