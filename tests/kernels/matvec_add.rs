//! Cases of `matvec_add`, in every weight format.

use lorgnette_tests::kernels::play;

use super::matvec_norm::{in_every_format, shapes};

#[test]
fn added() {
    play(in_every_format(&shapes(), &|stream| stream.matvec_add()));
}
