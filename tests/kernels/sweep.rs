//! Cases of `sweep`.

use lorgnette_shaders::cases::Sweep;
use lorgnette_tests::kernels::play;

#[test]
fn every_word_counts_once() {
    let sizes = [(1, 4), (2, 8), (5, 12), (33, 32)];
    play(sizes.map(|(groups, rounds)| Sweep { groups, rounds }.case()));
}
