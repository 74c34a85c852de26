//! Which positions of a sequence are in a session's cache: all of them until it is full; then, where it slides, the first
//! few and the latest. Arithmetic on positions only; the kernels have the same in `Step` and `window.wgsl`.

use lorgnette_shaders::Step;

use crate::{Error, Result};

/// What happens when a session's context is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The answer ends with [`crate::StopReason::Context`], and a longer prompt is refused.
    #[default]
    Stop,
    /// The oldest tokens leave and the answer goes on, without end and in the same memory. Those that are left count as
    /// neighbours, as in streaming attention (Xiao et al., 2023).
    Slide {
        /// First tokens that never leave: a system prompt, and the attention sinks at the beginning.
        keep: u32,
    },
}

/// Tokens at the beginning that models lean on whatever they say (Xiao et al., 2023).
pub(crate) const SINKS: u32 = 4;

impl Overflow {
    /// Slides, and keeps the first four tokens, without which models lose their way.
    pub const fn slide() -> Self {
        Self::Slide { keep: SINKS }
    }
}

/// What of a sequence is in a cache of `context` rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    context: u32,
    overflow: Overflow,
    /// Positions from `keep` on that have left.
    dropped: u32,
}

impl Window {
    /// That of an empty sequence.
    pub fn new(context: u32, overflow: Overflow) -> Result<Self> {
        match overflow {
            Overflow::Slide { keep } if keep >= context => Err(Error::Input {
                what: "tokens to keep".into(),
                expected: format!("fewer than the context of {context}"),
                found: keep.to_string(),
            }),
            _ => Ok(Self {
                context,
                overflow,
                dropped: 0,
            }),
        }
    }

    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The most tokens of a sequence.
    pub fn most_tokens(&self) -> usize {
        match self.overflow {
            Overflow::Stop => self.context as usize,
            // Positions are words of 32 bits.
            Overflow::Slide { .. } => u32::MAX as usize,
        }
    }

    /// The most rows of a step, up to `rows`. All rows of a step see the window that its last one leaves, so at most half
    /// of the ring is replaced at once: the first row still sees the other half.
    pub fn step_rows(&self, rows: u32) -> usize {
        match self.overflow {
            Overflow::Stop => rows as usize,
            Overflow::Slide { keep } => rows.min(((self.context - keep) / 2).max(1)) as usize,
        }
    }

    /// The step of `count` rows from `position` on. What leaves for it has left, even if the step is not played to its
    /// end: some layers' rows may be overwritten.
    pub fn step(&mut self, position: u32, count: u32) -> Step {
        let step = self.again(position, count, self.dropped);
        self.dropped = step.dropped;
        step
    }

    /// The same where `dropped` positions had left before.
    pub fn again(&self, position: u32, count: u32, dropped: u32) -> Step {
        let step = Step::new(position, count);
        match self.overflow {
            Overflow::Stop => step,
            Overflow::Slide { keep } => Step {
                keep,
                dropped: dropped.max((position + count).saturating_sub(self.context)),
                ..step
            },
        }
    }

    /// Whether a position leaves for a sequence to become so long.
    pub fn drops(&self, length: usize) -> bool {
        let over = length.saturating_sub(self.context as usize);
        self.overflow != Overflow::Stop && over > self.dropped as usize
    }

    /// How many tokens of the sequence's first `length` can be gone on from. What has left cannot be brought back: as
    /// long as none of it is needed, the window only gets shorter at its end (`dropped` stays); else the kept tokens
    /// are all there is to begin with, and the others have to be read again.
    pub fn rewind(&mut self, length: usize) -> usize {
        match self.overflow {
            Overflow::Slide { keep }
                if self.dropped > 0 && length < (keep + self.dropped) as usize =>
            {
                self.dropped = 0;
                length.min(keep as usize)
            }
            _ => length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slide(context: u32, keep: u32) -> Window {
        Window::new(context, Overflow::Slide { keep }).expect("a window")
    }

    #[test]
    fn nothing_leaves_until_it_is_full() {
        let mut window = slide(10, 3);
        let dropped = |window: &mut Window, position, count| window.step(position, count).dropped;
        assert_eq!(dropped(&mut window, 0, 3), 0);
        assert_eq!(dropped(&mut window, 7, 3), 0);
        assert_eq!(dropped(&mut window, 10, 1), 1);
        assert_eq!(dropped(&mut window, 11, 3), 4);
        assert_eq!(dropped(&mut window, u32::MAX - 1, 1), u32::MAX - 10);
        let mut stop = Window::new(10, Overflow::Stop).expect("a window");
        assert_eq!(stop.step(9, 1), Step::new(9, 1));
        let mut window = slide(10, 3);
        assert!(!window.drops(10) && window.drops(11));
        window.step(10, 2);
        assert!(!window.drops(12) && window.drops(13), "two have left");
        assert!(!stop.drops(11));
    }

    #[test]
    fn a_little_back_is_there_and_more_is_not() {
        let mut window = slide(10, 3);
        window.step(16, 4);
        // 0 to 2 and 13 to 19 are in the cache.
        assert_eq!(window.rewind(19), 19);
        assert_eq!(window.rewind(13), 13);
        assert_eq!(window.step(13, 2).dropped, 10, "what has left stays away");
        assert_eq!(window.rewind(12), 3);
        assert_eq!(window.step(3, 2).dropped, 0, "and it begins anew");
        window.step(16, 4);
        assert_eq!(window.rewind(2), 2);
    }

    #[test]
    fn a_step_leaves_half_of_the_ring() {
        assert_eq!(slide(10, 3).step_rows(128), 3);
        assert_eq!(slide(10, 9).step_rows(128), 1);
        assert_eq!(slide(512, 4).step_rows(128), 128);
        let stop = Window::new(10, Overflow::Stop).expect("a window");
        assert_eq!((stop.step_rows(10), stop.most_tokens()), (10, 10));
    }

    #[test]
    fn a_ring_needs_a_row() {
        assert!(Window::new(10, Overflow::Slide { keep: 9 }).is_ok());
        for keep in [10, u32::MAX] {
            let error = Window::new(10, Overflow::Slide { keep }).expect_err("no ring");
            let text = error.to_string();
            assert!(
                text.contains("10") && text.contains(&keep.to_string()),
                "{text}"
            );
        }
    }
}
