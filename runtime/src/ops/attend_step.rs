//! Attention of a step of one or a few rows: everything between the queries, keys and values and the output projection,
//! in two dispatches. Their parts, a dispatch each, are the words of `attend`.

use lorgnette_shaders::Parts;
use lorgnette_shaders::kernels::{attend_merge, attend_split};

use super::{Heads, quads};
use crate::plan::{Recorder, Rows, TensorId};

impl Heads {
    /// Elements of a row of queries, keys and values.
    fn qkv_cols(&self) -> usize {
        self.heads * self.size + 2 * self.kv_width()
    }

    /// The same with room behind them for what the splits leave.
    pub(crate) fn step_cols(&self) -> usize {
        self.qkv_cols() + attend_split::partials(self.context, self.heads, self.size)
    }
}

impl Recorder {
    /// Rotates the step's queries and keys, puts its keys and values into the cache of `layer`, and attends to that
    /// causally: [step, heads * size]. `qkv` keeps the rows as they were, and what the splits of the positions leave.
    pub fn attend_step(&mut self, qkv: TensorId, layer: usize, heads: &Heads) -> TensorId {
        let (keys, values) = self.cache(layer, heads);
        let angles = self.angles(heads);
        let scale = 1.0 / (heads.size as f32).sqrt();
        let turn = if heads.cache.is_turned() { scale } else { 0.0 };
        let span = attend_split::span(heads.context);
        let (stride, partials) = (quads(self.cols_of(qkv)), quads(heads.qkv_cols()));
        let params = attend_split::Params {
            group: (heads.heads / heads.kv_heads) as u32,
            heads: heads.heads as u32,
            row_blocks: heads.row_blocks(),
            quads: quads(heads.size),
            stride,
            partials,
            span,
            context: heads.context,
            scale,
            turn,
            ..Default::default()
        };
        let tensors = [angles, qkv, keys, values];
        self.dispatch(
            "attend_split",
            &attend_split::KERNEL,
            heads.cache,
            params,
            &tensors,
        );
        let out = self.scratch("attended", Rows::Step, heads.heads * heads.size);
        let params = attend_merge::Params {
            heads: heads.heads as u32,
            quads: quads(heads.size),
            stride,
            partials,
            span,
            turn,
            ..Default::default()
        };
        self.dispatch(
            "attend_merge",
            &attend_merge::KERNEL,
            Parts::default(),
            params,
            &[qkv, out],
        );
        out
    }
}
