//! The words of a page for attention over a cache: rotation, the step's keys and values, and attention itself, a dispatch
//! or two each. What does all of it for a row or a few in two dispatches is in `attend_step`.

use lorgnette_shaders::Parts;
use lorgnette_shaders::kernels::{attend, hadamard, kv_write, rope};
use lorgnette_shaders::weights::BLOCK;

use super::{Heads, quads};
use crate::plan::{Home, Recorder, Rows, TensorId};

impl Recorder {
    /// Rotates the queries and keys of qkv [step, heads | kv_heads | kv_heads | heads] in place; and where positions have
    /// left the cache, the queries once more, into the end of the row.
    pub fn rope(&mut self, qkv: TensorId, heads: &Heads) {
        let angles = self.angles(heads);
        let params = rope::Params {
            heads: (heads.heads + heads.kv_heads) as u32,
            quads: quads(heads.size),
            stride: quads(self.cols_of(qkv)),
            queries: heads.heads as u32,
        };
        self.dispatch(
            "rope",
            &rope::KERNEL,
            Parts::default(),
            params,
            &[angles, qkv],
        );
    }

    pub(super) fn angles(&mut self, heads: &Heads) -> TensorId {
        self.tensor("angles", Home::Angles, Rows::Step, heads.size as u64 * 4)
    }

    /// Turns every head of x in place, there and back.
    fn hadamard(&mut self, x: TensorId, heads: &Heads) {
        let params = hadamard::Params {
            row_blocks: (self.cols_of(x) / BLOCK) as u32,
            head_blocks: (heads.size / BLOCK) as u32,
            scale: 1.0 / (heads.size as f32).sqrt(),
            unused: 0,
        };
        self.dispatch(
            "hadamard",
            &hadamard::KERNEL,
            Parts::default(),
            params,
            &[x],
        );
    }

    /// Puts the step's keys and values into the cache of `layer`. Where the cache wants heads turned, all of qkv is.
    pub fn kv_write(&mut self, qkv: TensorId, layer: usize, heads: &Heads) {
        if heads.cache.is_turned() {
            self.hadamard(qkv, heads);
        }
        let (keys, values) = self.cache(layer, heads);
        let params = kv_write::Params {
            row_blocks: heads.row_blocks(),
            keys_offset: quads(heads.heads * heads.size),
            values_offset: quads((heads.heads + heads.kv_heads) * heads.size),
            stride: quads(self.cols_of(qkv)),
            context: heads.context,
            ..Default::default()
        };
        self.dispatch(
            "kv_write",
            &kv_write::KERNEL,
            heads.cache,
            params,
            &[qkv, keys, values],
        );
    }

    /// Causal attention of the step's rows over the cache of `layer`: [step, heads * size].
    pub fn attend(&mut self, qkv: TensorId, layer: usize, heads: &Heads) -> TensorId {
        let (keys, values) = self.cache(layer, heads);
        let out = self.scratch("attended", Rows::Step, heads.heads * heads.size);
        let params = attend::Params {
            group: (heads.heads / heads.kv_heads) as u32,
            row_blocks: heads.row_blocks(),
            quads: quads(heads.size),
            stride: quads(self.cols_of(qkv)),
            scale: 1.0 / (heads.size as f32).sqrt(),
            heads: heads.heads as u32,
            context: heads.context,
            unused: 0,
        };
        self.dispatch(
            "attend",
            &attend::KERNEL,
            heads.cache,
            params,
            &[qkv, keys, values, out],
        );
        if heads.cache.is_turned() {
            self.hadamard(out, heads);
        }
        out
    }

    pub(super) fn cache(&mut self, layer: usize, heads: &Heads) -> (TensorId, TensorId) {
        let (rows, bytes) = (Rows::Context(heads.context), heads.kv_row_bytes());
        (
            self.tensor("keys", Home::Keys(layer), rows, bytes),
            self.tensor("values", Home::Values(layer), rows, bytes),
        )
    }
}
