//! What tests ask a tiny model: prompts of ordinary tokens, and how an answer is made.

use lorgnette::{GenerateOptions, Sampling};

/// A prompt of `length` ordinary tokens; another one for another seed.
pub fn prompt(seed: u32, length: u32) -> Vec<u32> {
    (0..length)
        .map(|i| (i * 37 + seed * 101 + 11) % 480)
        .collect()
}

/// The likeliest tokens.
pub fn greedy(max_tokens: usize) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(max_tokens),
        sampling: Sampling::greedy(),
        ..Default::default()
    }
}

/// Tokens drawn with that seed.
pub fn seeded(max_tokens: usize, seed: u64) -> GenerateOptions {
    GenerateOptions {
        sampling: Sampling {
            temperature: 1.5,
            seed,
            ..Default::default()
        },
        ..greedy(max_tokens)
    }
}

/// The same answer, but not ended by the model.
pub fn endless(options: GenerateOptions) -> GenerateOptions {
    GenerateOptions {
        ignore_end: true,
        ..options
    }
}
