//! Cases of `matmul`, in every weight format, and that a row does not depend on its neighbours.

use lorgnette_shaders::cases::{Case, Product, Stream};
use lorgnette_shaders::kernel::Variant;
use lorgnette_shaders::kernels::{matvec, scale};
use lorgnette_shaders::weights::{BLOCK, WeightFormat};
use lorgnette_shaders::{Program, Step};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::runtime;

use super::COUNTS;
use super::matvec_norm;

const WHOLE: Product = Product {
    format: WeightFormat::F32,
    rows: 37,
    blocks: 8,
    count: 5,
    offset: 0,
    behind: 0,
    accumulate: false,
    lanes: 1,
};

const STREAM: Stream = Stream {
    format: WeightFormat::F32,
    rows: 37,
    blocks: 24,
    count: 5,
    offset: 2,
    behind: 1,
    lanes: 4,
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
fn of_norms_by_lanes_that_share_blocks() {
    let counts = [1, 2, 4, 5, 8];
    let with = |(stream, count): (Stream, usize)| Stream { count, ..stream };
    let streams: Vec<Stream> = matvec_norm::shapes()
        .into_iter()
        .zip(counts.into_iter().cycle())
        .map(with)
        .collect();
    play(matvec_norm::in_every_format(&streams, &|stream| {
        stream.matmul()
    }));
}

/// With lanes that share blocks, a row of several is what decode's kernels make of it alone, to the last bit.
#[test]
fn a_row_is_the_same_alone() {
    for format in WeightFormat::ALL {
        for accumulate in [false, true] {
            let product = Product {
                format,
                accumulate,
                lanes: matvec::LANES,
                ..WHOLE
            };
            same_alone(&product.matmul(), &product.matvec(), of_product(&product));
        }
        for lanes in [4, 8, 16] {
            let stream = Stream {
                format,
                lanes,
                ..STREAM
            };
            let strides = [scale::stride(stream.blocks * BLOCK), stream.out_stride()];
            same_alone(&stream.matmul(), &stream.matvec_norm(), strides);
        }
        let many = Product { format, ..WHOLE };
        let one = Product { count: 1, ..many };
        same_alone(&many.matmul(), &one.matmul(), of_product(&many));
    }
}

/// Elements of a row of x, and of the result.
fn of_product(product: &Product) -> [usize; 2] {
    [product.blocks * BLOCK, product.stride()]
}

fn variant(case: &Case, name: &str) -> &'static Variant {
    let mut variants = case.shader.kernel.variants.iter();
    let named = variants.find(|variant| variant.name == name);
    named.expect("a kernel for one row has the variants of that for several")
}

/// Plays `many`, and then each of its rows by the same variant of `one`.
fn same_alone(many: &Case, one: &Case, strides: [usize; 2]) {
    let count = many.step.count as usize;
    for (program, words) in found(many) {
        let alone = Program {
            shader: one.shader,
            variant: variant(one, program.variant.name),
            medium: program.medium,
        };
        for t in 0..count {
            let row = |buffer: usize| t * strides[buffer - 1]..(t + 1) * strides[buffer - 1];
            let mut buffers = one.buffers.clone();
            for buffer in [1, 2] {
                let alone = &mut buffers[buffer][..strides[buffer - 1]];
                alone.copy_from_slice(&many.buffers[buffer][row(buffer)]);
            }
            let step = Step::new(many.step.position + t as u32, 1);
            runtime()
                .run_kernel(&alone, &one.params, step, &mut buffers)
                .expect("one row");
            let what = format!("{}: {} row {t}", program.label(), many.name);
            assert_eq!(buffers[2][..strides[1]], words[2][row(2)], "{what}");
        }
    }
}
