//! `matvec_add`: one row of the residual stream plus a quantised matrix times activations, and with it what the norm
//! that comes next needs (see `scale`). The ends of decode's attention and feed-forward.

use super::matvec::{ROW_PRODUCT, SIXTEEN, TEAM_PRODUCT, Teams, folded, row_product};
use super::scale::renew;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of the matrix, all of the stream.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// Row length of the stream: [`super::scale::stride`].
    stride: u32,
    /// Padding of the uniform.
    unused: u32,
}

/// Lanes that share 16 rows.
pub const LANES: u32 = 16;

/// Params, bindings and the end of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matvec_add_shared.wgsl"));

/// A workgroup makes the rows of one sum of squares.
fn workgroups(params: &[u8], _: &Step) -> [u32; 3] {
    [read::<Params>(params).rows.div_ceil(64), 1, 1]
}

/// The rows of one sum of squares in a workgroup.
const TEAMS: Teams = Teams {
    wgsl: include_str!("matvec_add_teams.wgsl"),
    parts: &[
        SHARED,
        Part::Weights,
        Part::Products,
        TEAM_PRODUCT,
        Part::Team,
    ],
    grid: |params, step: &Step| folded(workgroups(params, step)),
};

/// weights [rows, 32 * blocks], x [32 * blocks], stream `[stride]`, gain `[rows]`.
pub static KERNEL: Kernel = Kernel {
    name: "matvec_add",
    binds: &[
        bind("weights", Access::Read),
        bind("x", Access::Read),
        bind("stream", Access::Update),
        bind("gain", Access::Read),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[
        Variant {
            name: "wide",
            wgsl: include_str!("matvec_add_wide.wgsl"),
            parts: &[
                SHARED,
                Part::Weights,
                Part::Products,
                SIXTEEN,
                Part::ReduceRows,
            ],
            constants: &[("LANES", LANES)],
            needs: &[],
            grid: workgroups,
        },
        TEAMS.by_subgroups(),
        TEAMS.by_lanes(),
        Variant {
            name: "plain",
            wgsl: include_str!("matvec_add.wgsl"),
            parts: &[SHARED, Part::Weights, ROW_PRODUCT],
            constants: &[],
            needs: &[],
            grid: workgroups,
        },
    ],
    reference,
};

fn reference(call: Call<'_>) {
    let format = call.parts.weights.expect("a weight format");
    let (p, [weights, x, mut stream, gain]) = call.open::<Params, 4>();
    let stream = &mut stream.f32s_mut()[..p.stride as usize];
    for (row, value) in stream[..p.rows as usize].iter_mut().enumerate() {
        *value += row_product(format, weights.words(), p.planes, row, x.f32s(), p.blocks);
    }
    renew(stream, p.rows as usize, gain.f32s());
}
