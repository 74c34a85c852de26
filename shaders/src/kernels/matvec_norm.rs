//! `matvec_norm`: a quantised matrix times the RMSNorm of one row of the residual stream, as `scale` and `matvec_add`
//! leave it. Queries, keys and values of decode, and the head.

use super::matvec::{ROW_PRODUCT, SIXTEEN, TEAM_PRODUCT, Teams, folded, row_product};
use super::scale::normed;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of the matrix.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// First element of `out` that is written.
    out_offset: u32,
    /// Row length of x / 4: [`super::scale::stride`].
    x_stride: u32,
    /// Added to the mean square.
    epsilon: f32,
    /// Lanes that share 16 rows in the wide variant: 4, 8 or 16. The others go by their own.
    lanes: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Params, bindings and the norm of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matvec_norm_shared.wgsl"));
pub(super) const NORMED: Part = Part::Shared(include_str!("../parts/normed.wgsl"));

/// Workgroups where each makes that many rows.
fn workgroups(params: &[u8], rows: u32) -> [u32; 3] {
    [read::<Params>(params).rows.div_ceil(rows), 1, 1]
}

/// Four rows of W in a workgroup.
const TEAMS: Teams = Teams {
    wgsl: include_str!("matvec_norm_teams.wgsl"),
    parts: &[
        SHARED,
        NORMED,
        Part::Weights,
        Part::Products,
        TEAM_PRODUCT,
        Part::Team,
    ],
    grid: |params, _: &Step| folded(workgroups(params, 4)),
};

/// weights [rows, 32 * blocks], x [4 * x_stride], out [>= out_offset + rows].
pub static KERNEL: Kernel = Kernel {
    name: "matvec_norm",
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
            wgsl: include_str!("matvec_norm_wide.wgsl"),
            parts: &[
                SHARED,
                NORMED,
                Part::Weights,
                Part::Products,
                SIXTEEN,
                Part::ReduceRows,
            ],
            constants: &[],
            needs: &[],
            grid: |params, _: &Step| workgroups(params, 1024 / read::<Params>(params).lanes),
        },
        TEAMS.by_subgroups(),
        TEAMS.by_lanes(),
        Variant {
            name: "plain",
            wgsl: include_str!("matvec_norm.wgsl"),
            parts: &[SHARED, NORMED, Part::Weights, ROW_PRODUCT],
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
    let cols = p.blocks as usize * BLOCK;
    let x = normed(&x.f32s()[..p.x_stride as usize * 4], cols, p.epsilon);
    for row in 0..p.rows as usize {
        out.f32s_mut()[p.out_offset as usize + row] =
            row_product(format, weights.words(), p.planes, row, &x, p.blocks);
    }
}
