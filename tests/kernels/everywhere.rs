//! All cases once more: on every profile, and with every size of subgroup that the software driver can have.

use std::path::Path;

use lorgnette_tests::elsewhere;

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
fn on_every_profile_and_width() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    elsewhere::play("everywhere::on_every_profile_and_width", &TESTS, folder);
}
