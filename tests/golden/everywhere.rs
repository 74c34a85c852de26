//! Both tiny models once more: on every profile, and with every size of subgroup that the software driver can have.

use std::path::Path;

use lorgnette_tests::elsewhere;

/// The strictest; the formats of the cache have their cases in `kernels`.
const TESTS: [&str; 2] = ["--exact", "tiny::f32_cache_is_within_1e_3"];

#[test]
fn on_every_profile_and_width() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    elsewhere::play("everywhere::on_every_profile_and_width", &TESTS, folder);
}
