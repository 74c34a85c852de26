//! `matvec_gate`: SwiGLU (Shazeer, 2020) of two quantised matrices times the RMSNorm of one row of the residual stream, as
//! `scale` and `matvec_add` leave it. The wide half of decode's feed-forward in one.

use super::matvec::{ROW_PRODUCT, SIXTEEN, TEAM_PRODUCT, Teams, folded, row_product};
use super::matvec_norm::NORMED;
use super::scale::normed;
use super::swiglu::silu;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of gate and up together; of up alone where `out` holds the gate already.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// 1: `out` holds the gate, the matrix is up.
    gated: u32,
    /// Elements of `out`.
    elements: u32,
    /// Row length of x / 4: [`super::scale::stride`].
    x_stride: u32,
    /// Added to the mean square.
    epsilon: f32,
    /// Lanes that share 16 rows in the wide variant: 4, 8 or 16. The others go by their own.
    lanes: u32,
    /// Padding of the uniform.
    unused: u32,
}

/// Params, bindings and the gate of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matvec_gate_shared.wgsl"));

/// Workgroups where each makes that many elements.
fn workgroups(params: &[u8], elements: u32) -> [u32; 3] {
    let all = read::<Params>(params).elements;
    [all.div_ceil(elements), 1, 1]
}

/// Four rows of gate and up in a workgroup.
const TEAMS: Teams = Teams {
    wgsl: include_str!("matvec_gate_teams.wgsl"),
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

/// weights [rows, 32 * blocks], x [4 * x_stride], out `[elements]`.
pub static KERNEL: Kernel = Kernel {
    name: "matvec_gate",
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
            wgsl: include_str!("matvec_gate_wide.wgsl"),
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
            grid: |params, _: &Step| workgroups(params, 512 / read::<Params>(params).lanes),
        },
        TEAMS.by_subgroups(),
        TEAMS.by_lanes(),
        Variant {
            name: "plain",
            wgsl: include_str!("matvec_gate.wgsl"),
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
    let count = p.elements as usize;
    let x = normed(&x.f32s()[..p.x_stride as usize * 4], cols, p.epsilon);
    let product = |row| row_product(format, weights.words(), p.planes, row, &x, p.blocks);
    for (row, out) in out.f32s_mut()[..count].iter_mut().enumerate() {
        *out = match p.gated {
            1 => silu(*out) * product(row),
            _ => silu(product(row)) * product(row + count),
        };
    }
}
