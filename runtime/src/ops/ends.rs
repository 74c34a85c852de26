//! The words at the ends of a page: token ids become rows, and rows of logits become the next id or a score.

use lorgnette_shaders::Parts;
use lorgnette_shaders::kernels::{argmax, choose, embed, peaks, score};
use lorgnette_shaders::weights::BLOCK;

use super::{planes, quads};
use crate::plan::{Home, Luck, Recorder, Rows, TensorId};
use crate::weights::Linear;

impl Recorder {
    /// The session's ids: one word for each position of the context and one for the id after the last.
    pub fn ids(&mut self, context: u32) -> TensorId {
        self.tensor("ids", Home::Ids, Rows::Context(context + 1), 4)
    }

    /// Rows of the embedding table for the step's ids: [step, cols].
    pub fn embed(&mut self, ids: TensorId, table: &Linear) -> TensorId {
        self.embed_into(ids, table, table.cols)
    }

    pub(super) fn embed_into(&mut self, ids: TensorId, table: &Linear, stride: usize) -> TensorId {
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
}
