//! The maths words of a model page: each picks a kernel and records it. No sizes of any one model, no device.

use lorgnette_shaders::kernels::{
    add, argmax, attend, choose, embed, hadamard, kv_write, matmul, matvec, peaks, rms_norm, rope,
    score, swiglu,
};
use lorgnette_shaders::weights::BLOCK;
use lorgnette_shaders::{CacheFormat, Parts, WeightFormat};

use crate::plan::{Home, Luck, Recorder, Rows, TensorId};
use crate::weights::{Linear, Piece};

mod attention;
mod stream;

/// The heads of an attention layer and the cache they read.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Elements of a head.
    pub size: usize,
    /// Positions that the cache holds.
    pub context: u32,
    /// Its format.
    pub cache: CacheFormat,
}

impl Heads {
    /// Elements of a row of keys (and of values).
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.size
    }

    fn row_blocks(&self) -> u32 {
        (self.kv_width() / BLOCK) as u32
    }

    /// Bytes of a row of keys (and of values) in the cache.
    pub fn kv_row_bytes(&self) -> u64 {
        self.cache.row_bytes(self.kv_width()) as u64
    }

    /// The numbers in the words of a whole cache.
    pub(crate) fn rows(&self, words: &[u32]) -> Vec<f32> {
        let rows = words.chunks_exact(self.kv_row_bytes() as usize / 4);
        rows.flat_map(|row| self.cache.load_row(row, self.kv_width()))
            .collect()
    }
}

impl Recorder {
    /// The session's ids: one word for each position of the context and one for the id after the last.
    pub fn ids(&mut self, context: u32) -> TensorId {
        self.tensor("ids", Home::Ids, Rows::Context(context + 1), 4)
    }

    /// Rows of the embedding table for the step's ids: [step, cols].
    pub fn embed(&mut self, ids: TensorId, table: &Linear) -> TensorId {
        self.embed_into(ids, table, table.cols)
    }

    fn embed_into(&mut self, ids: TensorId, table: &Linear, stride: usize) -> TensorId {
        let out = self.scratch("x", Rows::Step, stride);
        for piece in &table.pieces {
            let weights = self.weights(piece, table.cols);
            let params = embed::Params {
                planes: planes(piece, table.cols),
                first: piece.first as u32,
                rows: piece.rows as u32,
                blocks: (table.cols / BLOCK) as u32,
                ids: self.most_rows(ids),
                stride: quads(stride),
                ..Default::default()
            };
            self.dispatch(
                "token_embd",
                &embed::KERNEL,
                piece.format,
                params,
                &[weights, ids, out],
            );
        }
        out
    }

    /// RMSNorm of every row, or of the step's last one only.
    pub fn norm(
        &mut self,
        what: &str,
        x: TensorId,
        gain: usize,
        epsilon: f32,
        last_only: bool,
    ) -> TensorId {
        let cols = self.cols_of(x);
        let gain = self.tensor(what, Home::Weight(gain), Rows::Fixed(1), cols as u64 * 4);
        let rows = if last_only {
            Rows::Fixed(1)
        } else {
            self.rows_of(x)
        };
        let out = self.scratch("normed", rows, cols);
        let params = rms_norm::Params {
            quads: quads(cols),
            last_only: last_only.into(),
            epsilon,
            unused: 0,
        };
        self.dispatch(
            what,
            &rms_norm::KERNEL,
            Parts::default(),
            params,
            &[x, gain, out],
        );
        out
    }

    /// W x: [rows of x, rows of W].
    pub fn linear(&mut self, what: &str, x: TensorId, matrix: &Linear) -> TensorId {
        let out = self.scratch(what, self.rows_of(x), matrix.rows);
        self.products(what, x, matrix, out, false, 1);
        out
    }

    /// Queries, keys and values: W x, with room behind them for the queries once more: [rows of x, rows of W + queries].
    pub fn qkv(&mut self, x: TensorId, matrix: &Linear, heads: &Heads) -> TensorId {
        let cols = matrix.rows + heads.heads * heads.size;
        let out = self.scratch("qkv", self.rows_of(x), cols);
        self.products("qkv", x, matrix, out, false, 1);
        out
    }

    /// residual += W x, in the matrix product itself.
    pub fn linear_add(&mut self, what: &str, x: TensorId, matrix: &Linear, residual: TensorId) {
        self.products(what, x, matrix, residual, true, 1);
    }

    /// out += x.
    pub fn add(&mut self, what: &str, x: TensorId, out: TensorId) {
        let params = add::Params {
            quads: quads(self.cols_of(x)),
            ..Default::default()
        };
        self.dispatch(what, &add::KERNEL, Parts::default(), params, &[x, out]);
    }

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

    fn angles(&mut self, heads: &Heads) -> TensorId {
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

    /// silu(gate) * up of a row [gate | up].
    pub fn swiglu(&mut self, gate_up: TensorId) -> TensorId {
        let width = self.cols_of(gate_up) / 2;
        let out = self.scratch("gated", self.rows_of(gate_up), width);
        let params = swiglu::Params {
            quads: quads(width),
            ..Default::default()
        };
        self.dispatch(
            "swiglu",
            &swiglu::KERNEL,
            Parts::default(),
            params,
            &[gate_up, out],
        );
        out
    }

    /// The greedy next id of every row of logits goes behind that row's id.
    pub fn argmax(&mut self, logits: TensorId, ids: TensorId) {
        let params = argmax::Params {
            vocabulary: self.cols_of(logits) as u32,
            ids: self.most_rows(ids),
            all_rows: (self.rows_of(logits) == Rows::Step && !self.is_one_row(logits)).into(),
            ..Default::default()
        };
        self.dispatch(
            "argmax",
            &argmax::KERNEL,
            Parts::default(),
            params,
            &[logits, ids],
        );
    }

    /// The next id goes behind the step's ids: the likeliest, or drawn as the step says. Of one row of logits.
    pub fn choose(&mut self, logits: TensorId, ids: TensorId) {
        self.argmax(logits, ids);
        self.last_only_where(Luck::Unused);
        let vocabulary = self.cols_of(logits);
        let slices = vocabulary.div_ceil(peaks::SLICE);
        let out = self.scratch("peaks", Rows::Fixed(1), 2 * slices);
        let params = peaks::Params {
            vocabulary: vocabulary as u32,
            ..Default::default()
        };
        self.dispatch(
            "peaks",
            &peaks::KERNEL,
            Parts::default(),
            params,
            &[logits, out],
        );
        self.last_only_where(Luck::Used);
        let params = choose::Params {
            vocabulary: vocabulary as u32,
            ids: self.most_rows(ids),
            ..Default::default()
        };
        self.dispatch(
            "choose",
            &choose::KERNEL,
            Parts::default(),
            params,
            &[logits, out, ids],
        );
        self.last_only_where(Luck::Used);
    }

    /// Four words for each row of logits; see the kernel.
    pub fn score(&mut self, logits: TensorId, ids: TensorId) -> TensorId {
        let out = self.scratch("scores", Rows::Step, 4);
        let params = score::Params {
            vocabulary: self.cols_of(logits) as u32,
            ids: self.most_rows(ids),
            ..Default::default()
        };
        self.dispatch(
            "score",
            &score::KERNEL,
            Parts::default(),
            params,
            &[logits, ids, out],
        );
        out
    }

    /// Where these are several rows, `lanes` share the blocks of one.
    fn products(
        &mut self,
        what: &str,
        x: TensorId,
        matrix: &Linear,
        out: TensorId,
        add: bool,
        lanes: u32,
    ) {
        let stride = self.cols_of(out);
        for piece in &matrix.pieces {
            let weights = self.weights(piece, matrix.cols);
            let (rows, blocks) = (piece.rows as u32, (matrix.cols / BLOCK) as u32);
            let (planes, out_offset, accumulate) =
                (planes(piece, matrix.cols), piece.first as u32, add.into());
            let tensors = [weights, x, out];
            if self.is_one_row(x) {
                let params = matvec::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    accumulate,
                };
                self.dispatch(what, &matvec::KERNEL, piece.format, params, &tensors);
            } else {
                let out_stride = stride as u32;
                let params = matmul::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    out_stride,
                    accumulate,
                    x_stride: quads(matrix.cols),
                    lanes,
                    ..Default::default()
                };
                self.dispatch(what, &matmul::KERNEL, piece.format, params, &tensors);
            }
        }
    }

    fn weights(&mut self, piece: &Piece, cols: usize) -> TensorId {
        let row: usize = piece.format.plane_row_bytes(cols).iter().sum();
        self.tensor(
            "weights",
            Home::Weight(piece.weight),
            Rows::Fixed(piece.rows as u32),
            row as u64,
        )
    }

    fn cache(&mut self, layer: usize, heads: &Heads) -> (TensorId, TensorId) {
        let (rows, bytes) = (Rows::Context(heads.context), heads.kv_row_bytes());
        (
            self.tensor("keys", Home::Keys(layer), rows, bytes),
            self.tensor("values", Home::Values(layer), rows, bytes),
        )
    }
}

fn quads(elements: usize) -> u32 {
    (elements / 4) as u32
}

fn planes(piece: &Piece, cols: usize) -> [u32; 4] {
    let format: WeightFormat = piece.format;
    format.layout(piece.rows, cols).planes
}
