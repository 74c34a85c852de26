//! Scores: what a model thinks of each token of a text that is there already. A few rows at a time, 16 bytes a row back.

use lorgnette_shaders::kernels::argmax::NOT_FINITE;

use crate::blueprint::SCORE;
use crate::player::Want;
use crate::session::{Session, not_finite};
use crate::{Error, Result};

/// What the model thinks of one position of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The most likely next token.
    pub best: u32,
    /// Its log-probability (natural).
    pub best_log_probability: f32,
    /// The log-probability (natural) of the token that really came next.
    pub next_log_probability: f32,
}

impl Session {
    /// A score for each of `ids` but the last, from an empty sequence.
    ///
    /// # Errors
    /// As [`Session::logits`].
    pub fn score(&mut self, ids: &[u32]) -> Result<Vec<Score>> {
        self.canceller().reset();
        self.check_ids(ids)?;
        let _busy = self.seat.busy();
        self.abandon();
        self.truncate(0);
        let mut scores = Vec::with_capacity(ids.len());
        while self.ids.len() + 1 < ids.len() {
            let first = self.ids.len();
            let count = self.rows(SCORE, ids.len() - 1 - first);
            // One more than the chunk: the id behind the last row is what that row is scored against.
            let with_next = &ids[first..=first + count];
            let bytes = self
                .play(SCORE, with_next, count, Want::Scores)?
                .ok_or(Error::Cancelled)?;
            self.read(&with_next[..count]);
            for words in bytemuck::pod_collect_to_vec::<u8, u32>(&bytes).chunks_exact(4) {
                let [best, total] = [words[1], words[2]].map(f32::from_bits);
                if words[0] == NOT_FINITE {
                    return Err(not_finite(scores.len()));
                }
                let next = f32::from_bits(words[3]);
                scores.push(Score {
                    best: words[0],
                    best_log_probability: best - total,
                    next_log_probability: next - total,
                });
            }
        }
        Ok(scores)
    }
}
