//! Cases of `matvec`, in every weight format.

use lorgnette_shaders::cases::{Case, Product};
use lorgnette_shaders::weights::{BLOCK, WeightFormat};
use lorgnette_tests::kernels::play;

const WHOLE: Product = Product {
    format: WeightFormat::F32,
    rows: 1,
    blocks: 1,
    count: 1,
    offset: 0,
    behind: 0,
    accumulate: false,
    lanes: 1,
};

fn in_every_format(products: &[Product]) -> impl Iterator<Item = Case> {
    WeightFormat::ALL.into_iter().flat_map(move |format| {
        let fits = move |p: &&Product| (p.blocks * BLOCK).is_multiple_of(format.file_block_len());
        let products = products.iter().filter(fits);
        products.map(move |product| Product { format, ..*product }.matvec())
    })
}

#[test]
fn shapes() {
    let mut products = Vec::new();
    // 8 rows a workgroup, 8 lanes a row; 256 columns in a super-block. 18 blocks: SmolLM2's width.
    for blocks in [1, 3, 7, 8, 9, 16, 18, 24, 40, 96] {
        products.extend([1, 2, 7, 8, 9, 33].map(|rows| Product {
            rows,
            blocks,
            ..WHOLE
        }));
    }
    play(in_every_format(&products));
}

#[test]
fn a_part_of_a_row() {
    let products = [(0, 5), (1, 0), (17, 3), (64, 64)].map(|(offset, behind)| Product {
        rows: 19,
        blocks: 8,
        offset,
        behind,
        ..WHOLE
    });
    play(in_every_format(&products));
}

#[test]
fn added_to_what_is_there() {
    let products = [(8, 0), (13, 9)].map(|(rows, offset)| Product {
        rows,
        blocks: 24,
        offset,
        behind: 2,
        accumulate: true,
        ..WHOLE
    });
    play(in_every_format(&products));
}
