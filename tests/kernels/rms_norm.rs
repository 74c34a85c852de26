//! Cases of `rms_norm`.

use lorgnette_shaders::cases::Rows;
use lorgnette_tests::kernels::play;

use super::COUNTS;

const COLS: [usize; 8] = [4, 32, 252, 256, 260, 576, 2048, 3072];

#[test]
fn all_rows() {
    play(COUNTS.into_iter().flat_map(|count| {
        let size = 2.0;
        COLS.map(|cols| Rows { cols, count, size }.rms_norm(false))
    }));
}

#[test]
fn the_last_row() {
    play(COUNTS.into_iter().flat_map(|count| {
        let size = 2.0;
        COLS.map(|cols| Rows { cols, count, size }.rms_norm(true))
    }));
}

#[test]
fn small_and_large_numbers() {
    // 1e-4: next to epsilon; 1e4: a residual stream with outliers.
    play([1e-4, 1e-2, 1e4].map(|size| {
        let rows = Rows {
            cols: 2048,
            count: 3,
            size,
        };
        rows.rms_norm(false)
    }));
}
