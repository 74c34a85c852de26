//! Cases of `add`.

use lorgnette_shaders::cases::Rows;
use lorgnette_tests::kernels::play;

use super::COUNTS;

#[test]
fn rows() {
    let cols = [4, 36, 252, 256, 260, 2048];
    play(COUNTS.into_iter().flat_map(|count| {
        let size = 100.0;
        cols.map(|cols| Rows { cols, count, size }.add())
    }));
}
