//! `matvec`: a quantised matrix times one row of activations, optionally added to what is there. Decode and the head.

use crate::kernel::{Access, Feature, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::{BLOCK, WeightFormat};

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of the matrix.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// First element of `out` that is written.
    out_offset: u32,
    /// 1: add to what `out` holds.
    accumulate: u32,
}

/// Lanes that share 16 rows; at least four, since one lane stores four rows.
pub const LANES: u32 = 4;

/// Workgroups where each makes that many rows.
fn workgroups(params: &[u8], rows: u32) -> [u32; 3] {
    [read::<Params>(params).rows.div_ceil(rows), 1, 1]
}

/// Params, bindings and the end of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matvec_shared.wgsl"));

/// What a lane does in the wide variants of all kernels that multiply a matrix and a vector, and in the plain ones.
pub(super) const SIXTEEN: Part = Part::Shared(include_str!("../parts/sixteen.wgsl"));
pub(super) const ROW_PRODUCT: Part = Part::Shared(include_str!("../parts/row_product.wgsl"));

/// What they do in the variants by teams of lanes.
pub(super) const TEAM_PRODUCT: Part = Part::Shared(include_str!("../parts/team_product.wgsl"));

/// Workgroups in a row of their grid: with four rows of W in each, a large vocabulary has more than a device takes in one.
pub const FOLD: u32 = 1 << 15;

/// The two variants by teams of lanes that add up among themselves: all but what a team is they have in common.
pub(super) struct Teams {
    pub wgsl: &'static str,
    pub parts: &'static [Part],
    pub grid: fn(&[u8], &Step) -> [u32; 3],
}

impl Teams {
    pub const fn by_subgroups(self) -> Variant {
        self.named("subgroup", &[Feature::Subgroups])
    }

    pub const fn by_lanes(self) -> Variant {
        self.named("lanes", &[])
    }

    const fn named(self, name: &'static str, needs: &'static [Feature]) -> Variant {
        Variant {
            name,
            wgsl: self.wgsl,
            parts: self.parts,
            constants: &[("FOLD", FOLD)],
            needs,
            grid: self.grid,
        }
    }
}

/// As many workgroups in rows of that length.
pub(super) fn folded([groups, ..]: [u32; 3]) -> [u32; 3] {
    [groups.min(FOLD), groups.div_ceil(FOLD), 1]
}

/// Four rows of W in a workgroup.
const TEAMS: Teams = Teams {
    wgsl: include_str!("matvec_teams.wgsl"),
    parts: &[
        SHARED,
        Part::Weights,
        Part::Products,
        TEAM_PRODUCT,
        Part::Team,
    ],
    grid: |params, _: &Step| folded(workgroups(params, 4)),
};

/// weights [rows, 32 * blocks], x [32 * blocks], out [>= out_offset + rows].
pub static KERNEL: Kernel = Kernel {
    name: "matvec",
    binds: &[
        bind("weights", Access::Read),
        bind("x", Access::Read),
        bind("out", Access::Update),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[
        Variant {
            name: "wide",
            wgsl: include_str!("matvec_wide.wgsl"),
            parts: &[
                SHARED,
                Part::Weights,
                Part::Products,
                SIXTEEN,
                Part::ReduceRows,
            ],
            constants: &[("LANES", LANES)],
            needs: &[],
            grid: |params, _: &Step| workgroups(params, 64 / LANES * 16),
        },
        TEAMS.by_subgroups(),
        TEAMS.by_lanes(),
        Variant {
            name: "plain",
            wgsl: include_str!("matvec.wgsl"),
            parts: &[SHARED, Part::Weights, ROW_PRODUCT],
            constants: &[],
            needs: &[],
            grid: |params, _: &Step| workgroups(params, 64),
        },
    ],
    reference,
};

fn reference(call: Call<'_>) {
    let format = call.parts.weights.expect("a weight format");
    let (p, [weights, x, mut out]) = call.open::<Params, 3>();
    for row in 0..p.rows as usize {
        let sum = row_product(format, weights.words(), p.planes, row, x.f32s(), p.blocks);
        let out = &mut out.f32s_mut()[p.out_offset as usize + row];
        *out = if p.accumulate == 1 { *out + sum } else { sum };
    }
}

/// The product of a row of a matrix with x [32 * blocks].
pub(super) fn row_product(
    format: WeightFormat,
    weights: &[u32],
    planes: [u32; 4],
    row: usize,
    x: &[f32],
    blocks: u32,
) -> f32 {
    let mut sum = 0.0f32;
    for (block, x) in x.chunks(BLOCK).take(blocks as usize).enumerate() {
        let w = format.unpack(weights, planes, row * blocks as usize + block);
        sum += w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    }
    sum
}
