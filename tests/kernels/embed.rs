//! Cases of `embed`, in every weight format, whole tables and shards.

use lorgnette_shaders::Step;
use lorgnette_shaders::cases::{Embedding, GUARD};
use lorgnette_shaders::weights::{BLOCK, WeightFormat};
use lorgnette_tests::kernels::play;
use lorgnette_tests::runtime;

fn table(format: WeightFormat) -> Embedding {
    Embedding {
        format,
        first: 0,
        rows: 9,
        blocks: 8,
        position: 0,
        ids: vec![0, 8, 3, 3, 7],
        size: 0.02,
    }
}

#[test]
fn whole_tables() {
    play(WeightFormat::ALL.into_iter().flat_map(|format| {
        // One lane a block, 64 lanes: 72 blocks take a second turn.
        [8, 24, 64, 72].map(|blocks| {
            Embedding {
                blocks,
                ..table(format)
            }
            .embed()
        })
    }));
}

#[test]
fn odd_widths() {
    let formats = WeightFormat::ALL.into_iter();
    let small_blocks = formats.filter(|format| format.file_block_len() <= BLOCK);
    play(small_blocks.flat_map(|format| {
        [1, 3, 18, 65].map(|blocks| {
            Embedding {
                blocks,
                ..table(format)
            }
            .embed()
        })
    }));
}

#[test]
fn scales_that_are_subnormal_halves() {
    // The smallest normal half is 6.1e-5; scales of Q4_K in real models are often below.
    play(WeightFormat::ALL.map(|format| {
        let table = Embedding {
            size: 2e-5,
            ..table(format)
        };
        table.embed()
    }));
}

#[test]
fn later_positions() {
    play(WeightFormat::ALL.map(|format| {
        let table = Embedding {
            position: 1000,
            ids: vec![5; 33],
            ..table(format)
        };
        table.embed()
    }));
}

/// Two shards of a table write all rows, each its own.
#[test]
fn shards() {
    for format in WeightFormat::ALL {
        let ids = vec![12, 3, 4, 11, 7, 12];
        let shards = [(3, 5), (8, 5)].map(|(first, rows)| Embedding {
            first,
            rows,
            ids: ids.clone(),
            ..table(format)
        });
        play(shards.iter().map(Embedding::embed));
        let [low, high] = shards.map(|shard| shard.embed());
        let step = Step::new(0, ids.len() as u32);
        let mut buffers = low.buffers.clone();
        let mut run = |case: &lorgnette_shaders::cases::Case| {
            buffers[0].clone_from(&case.buffers[0]);
            runtime()
                .run_kernel(&case.shader.wanted(), &case.params, step, &mut buffers)
                .expect("a shard");
        };
        run(&low);
        run(&high);
        let (low, high) = (low.expected(), high.expected());
        let cols = 8 * BLOCK;
        for (t, id) in ids.iter().enumerate() {
            let expected = if *id < 8 { &low[2] } else { &high[2] };
            let rows = [&buffers[2], expected].map(|words| &words[t * cols..][..cols]);
            assert!(
                !rows[0].contains(&GUARD),
                "{} row {t} is missing",
                format.name()
            );
            let distance = |(a, b): (&u32, &u32)| (f32::from_bits(*a) - f32::from_bits(*b)).abs();
            let max = rows[0]
                .iter()
                .zip(rows[1])
                .map(distance)
                .fold(0.0, f32::max);
            assert!(max <= 1e-5, "{} row {t}: max |d| {max}", format.name());
        }
    }
}
