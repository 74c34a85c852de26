//! Cases of `matvec_gate`, in every weight format.

use lorgnette_tests::kernels::play;

use super::matvec_norm::{in_every_format, shapes};

#[test]
fn gated() {
    play(in_every_format(&shapes(), &|stream| {
        stream.matvec_gate(false)
    }));
    play(in_every_format(&shapes()[8..12], &|stream| {
        stream.matvec_gate(true)
    }));
}
