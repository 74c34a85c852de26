//! Cases of `multiply`.

use lorgnette_shaders::cases::Multiply;
use lorgnette_tests::kernels::play;

use super::COUNTS;

#[test]
fn shapes_around_tiles() {
    let shapes = [(4, 4), (60, 252), (64, 64), (68, 260)];
    play(
        COUNTS
            .into_iter()
            .flat_map(|count| shapes.map(|(depth, cols)| Multiply { count, depth, cols }.case())),
    );
}
