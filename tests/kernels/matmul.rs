//! Cases of `matmul`, in every weight format, and that a row does not depend on its neighbours.

use lorgnette_shaders::Step;
use lorgnette_shaders::cases::{Case, Product};
use lorgnette_shaders::weights::{BLOCK, WeightFormat};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::runtime;

use super::COUNTS;

const WHOLE: Product = Product {
    format: WeightFormat::F32,
    rows: 37,
    blocks: 8,
    count: 5,
    offset: 0,
    behind: 0,
    accumulate: false,
};

fn in_every_format(products: &[Product]) -> impl Iterator<Item = Case> {
    WeightFormat::ALL.into_iter().flat_map(move |format| {
        let fits = move |p: &&Product| (p.blocks * BLOCK).is_multiple_of(format.file_block_len());
        let products = products.iter().filter(fits);
        products.map(move |product| Product { format, ..*product }.matmul())
    })
}

#[test]
fn shapes() {
    let mut products = Vec::new();
    // Tiles of 32 x 32; 256 columns in a super-block.
    for (rows, blocks) in [(1, 1), (31, 3), (32, 8), (33, 18), (70, 16)] {
        products.extend(COUNTS.map(|count| Product {
            rows,
            blocks,
            count,
            ..WHOLE
        }));
    }
    play(in_every_format(&products));
}

#[test]
fn a_part_of_a_row() {
    let products = [(0, 5), (1, 0), (17, 3), (64, 64)].map(|(offset, behind)| Product {
        offset,
        behind,
        ..WHOLE
    });
    play(in_every_format(&products));
}

#[test]
fn added_to_what_is_there() {
    let products = [(1, 0), (33, 9)].map(|(count, offset)| Product {
        count,
        offset,
        behind: 2,
        accumulate: true,
        ..WHOLE
    });
    play(in_every_format(&products));
}

#[test]
fn a_row_is_the_same_alone() {
    for format in WeightFormat::ALL {
        let product = Product { format, ..WHOLE };
        let (many, one) = (
            product.matmul(),
            Product {
                count: 1,
                ..product
            }
            .matmul(),
        );
        let cols = product.blocks * BLOCK;
        for (program, words) in found(&many) {
            for (t, row) in words[2][..5 * 37].chunks_exact(37).enumerate() {
                let mut buffers = one.buffers.clone();
                buffers[1][..cols].copy_from_slice(&many.buffers[1][t * cols..][..cols]);
                let step = Step::new(many.step.position + t as u32, 1);
                runtime()
                    .run_kernel(&program, &one.params, step, &mut buffers)
                    .expect("one row");
                let what = format!("{}: {} row {t}", program.label(), one.name);
                assert_eq!(buffers[2][..37], *row, "{what}");
            }
        }
    }
}
