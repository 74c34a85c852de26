//! Cases of `scale`.

use lorgnette_shaders::cases::Stream;
use lorgnette_tests::kernels::play;

use super::matvec_norm::WHOLE;

#[test]
fn scaled() {
    let streams = [1, 2, 3, 8, 11, 18, 64].map(|blocks| Stream {
        blocks,
        count: 3,
        ..WHOLE
    });
    play(streams.map(|stream| stream.scale()));
}
