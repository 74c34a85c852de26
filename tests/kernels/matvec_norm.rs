//! Cases of `matvec_norm`, in every weight format; the shapes are those of the other kernels on the stream, too.

use lorgnette_shaders::cases::{Case, Stream};
use lorgnette_shaders::kernels::matvec::FOLD;
use lorgnette_shaders::weights::{BLOCK, WeightFormat};
use lorgnette_tests::kernels::play;

pub const WHOLE: Stream = Stream {
    format: WeightFormat::F32,
    rows: 1,
    blocks: 1,
    count: 1,
    offset: 0,
    behind: 0,
    lanes: 4,
};

pub fn in_every_format<'a>(
    streams: &'a [Stream],
    case: &'a dyn Fn(Stream) -> Case,
) -> impl Iterator<Item = Case> + 'a {
    WeightFormat::ALL.into_iter().flat_map(move |format| {
        let fits = move |s: &&Stream| (s.blocks * BLOCK).is_multiple_of(format.file_block_len());
        let streams = streams.iter().filter(fits);
        streams.map(move |stream| case(Stream { format, ..*stream }))
    })
}

/// Matrices of which a lane has more or fewer blocks than its neighbours, workgroups without all their rows, and for each
/// as many lanes as a plan may choose.
pub fn shapes() -> Vec<Stream> {
    let mut streams = Vec::new();
    for blocks in [1, 7, 16, 18, 24] {
        for (rows, lanes) in [(1, 4), (9, 8), (64, 16), (65, 16), (141, 4)] {
            streams.push(Stream {
                rows,
                blocks,
                lanes,
                ..WHOLE
            });
        }
    }
    streams
}

#[test]
fn normed() {
    play(in_every_format(&shapes(), &|stream| stream.matvec_norm()));
    let part = Stream {
        rows: 19,
        blocks: 8,
        offset: 17,
        behind: 5,
        ..WHOLE
    };
    play(in_every_format(&[part], &|stream| stream.matvec_norm()));
}

/// More rows than there are workgroups in a row of the grid where each makes four, as a large vocabulary has.
#[test]
fn in_a_folded_grid() {
    let streams = [Stream {
        format: WeightFormat::Q8_0,
        rows: FOLD as usize * 4 + 5,
        ..WHOLE
    }];
    play(streams.map(|stream| stream.matvec_norm()));
}
