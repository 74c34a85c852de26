//! Both tiny models once more: on every profile, and with every size of subgroup that the software driver can have.

use std::path::Path;

use lorgnette_tests::elsewhere::{at_every_width, on_every_profile};

/// The strictest; the formats of the cache have their cases in `kernels`.
const TESTS: [&str; 2] = ["--exact", "tiny::f32_cache_is_within_1e_3"];

#[test]
fn on_profiles() {
    on_every_profile("everywhere::on_profiles", &TESTS);
}

#[test]
fn at_widths() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    at_every_width("everywhere::at_widths", &TESTS, folder);
}
