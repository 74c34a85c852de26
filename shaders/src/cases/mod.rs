//! Cases: a shader with params, a step and buffers, small enough to play anywhere, and how far from the reference a
//! device may be. The tests play many odd shapes; a device's own trials play [`small_of`] a shader. No GPU here.

mod attention;
mod limits;
mod matrices;
mod noise;
mod rows;
mod sliding;
mod small;
mod splits;
mod stream;

pub use attention::Attention;
pub use limits::{Multiply, Sweep};
pub use matrices::{Embedding, Product};
pub use noise::Noise;
pub use rows::{Logits, Rows};
pub use sliding::Sliding;
pub use small::{measured, small, small_of};
pub use stream::Stream;

use crate::cache::CacheFormat;
use crate::kernel::{Kernel, Parts, Step};
use crate::kernels::argmax::NOT_FINITE;
use crate::program::Shader;
use crate::reference;

/// What a word holds that a kernel must not touch: not a number as f32, and neither half of it as f16. Where a kernel
/// reads what it should not, its result is not a number either.
pub const GUARD: u32 = 0x7fc0_fead;

/// Guard words behind every buffer. 256 bytes: more than one row of a tile's lane.
pub const GUARDS: usize = 64;

/// What the words of the written buffers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Numbers.
    F32,
    /// Rows of so many elements in a cache's format, in `keys` and `values`; numbers in the others. A row is written as
    /// a whole, or not at all.
    #[allow(missing_docs)]
    Cache {
        format: CacheFormat,
        elements: usize,
    },
    /// Ids: equal or wrong.
    Words,
    /// An id and three f32, which count only where the id says that they are finite.
    Scores,
}

/// A shader with everything that one dispatch of it needs.
#[derive(Clone, Debug)]
pub struct Case {
    /// The shader, and what is special here.
    pub name: String,
    /// What is played.
    pub shader: Shader,
    /// The params' bytes.
    pub params: Vec<u8>,
    /// The step.
    pub step: Step,
    /// The storage buffers in binding order, with guard words behind each.
    pub buffers: Vec<Vec<u32>>,
    /// What the written buffers hold.
    pub values: Values,
    /// The mean square of results where terms do not cancel by chance: less than this is not expected of them.
    pub typical: f64,
    /// The largest normalised mean squared error that passes.
    pub nmse: f64,
    /// The largest distance of one number that passes.
    pub max_abs: f64,
}

/// How far two results are from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// Mean squared error over the mean square of what was expected.
    pub nmse: f64,
    /// The largest distance of one number.
    pub max_abs: f64,
}

/// Why a result is not what was expected.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The word or the distance that is wrong.
    pub message: String,
    /// The distance as far as it was looked at.
    pub distance: Distance,
}

fn shader(kernel: &'static Kernel, parts: impl Into<Parts>) -> Shader {
    Shader {
        kernel,
        parts: parts.into(),
    }
}

impl Case {
    fn new<P: bytemuck::Pod>(
        what: &dyn std::fmt::Debug,
        shader: Shader,
        params: P,
        step: Step,
        buffers: Vec<Vec<u32>>,
    ) -> Self {
        let guarded = buffers.into_iter().map(|mut words| {
            words.resize(words.len().next_multiple_of(4) + GUARDS, GUARD);
            words
        });
        Self {
            name: format!("{} {what:?}", shader.label()),
            shader,
            params: bytemuck::bytes_of(&params).to_vec(),
            step,
            buffers: guarded.collect(),
            values: Values::F32,
            typical: 0.0,
            nmse: 1e-10,
            max_abs: f64::INFINITY,
        }
    }

    /// The buffers as the reference leaves them.
    pub fn expected(&self) -> Vec<Vec<u32>> {
        let mut buffers = self.buffers.clone();
        reference::play(&self.shader, &self.params, self.step, &mut buffers);
        buffers
    }

    /// Holds what a device left in the buffers against what was expected.
    ///
    /// # Errors
    /// The first word that is wrong beyond rounding, or the distance where it is too large.
    pub fn compare(&self, found: &[Vec<u32>], expected: &[Vec<u32>]) -> Result<Distance, Wrong> {
        let mut sums = Sums::default();
        for (i, bind) in self.shader.kernel.binds.iter().enumerate() {
            if !bind.access.writes() {
                continue;
            }
            let (found, expected) = (&found[i], &expected[i]);
            let values = match self.values {
                Values::Cache { .. } if !["keys", "values"].contains(&bind.name) => Values::F32,
                values => values,
            };
            compare_buffer(values, found, expected, &mut sums).map_err(|what| Wrong {
                message: format!("{}{what}", bind.name),
                distance: sums.distance(self.typical),
            })?;
        }
        let distance = sums.distance(self.typical);
        if distance.nmse > self.nmse || distance.max_abs > self.max_abs {
            let message = format!(
                "NMSE {:.2e} (at most {:.0e}), max |d| {:.2e} (at most {:.0e})",
                distance.nmse, self.nmse, distance.max_abs, self.max_abs
            );
            return Err(Wrong { message, distance });
        }
        Ok(distance)
    }
}

fn compare_buffer(
    values: Values,
    found: &[u32],
    expected: &[u32],
    sums: &mut Sums,
) -> Result<(), String> {
    for at in 0..expected.len() {
        compare_word(values, found, expected, at, sums).map_err(|what| format!("[{at}] {what}"))?;
    }
    let Values::Cache { format, elements } = values else {
        return Ok(());
    };
    let words = format.row_bytes(elements) / 4;
    let rows = found.chunks_exact(words).zip(expected.chunks_exact(words));
    for (row, (found, expected)) in rows.enumerate().filter(|(_, (_, e))| e[0] != GUARD) {
        let numbers = |row| format.load_row(row, elements).into_iter().map(f64::from);
        for (i, (found, expected)) in numbers(found).zip(numbers(expected)).enumerate() {
            sums.add(found, expected)
                .map_err(|what| format!(" row {row} element {i} {what}"))?;
        }
    }
    Ok(())
}

fn compare_word(
    values: Values,
    found: &[u32],
    expected: &[u32],
    at: usize,
    sums: &mut Sums,
) -> Result<(), String> {
    let (f, e) = (found[at], expected[at]);
    if f == e && e == GUARD {
        return Ok(());
    }
    if e == GUARD {
        return Err(format!("was written to: {f:#010x}"));
    }
    if f == GUARD {
        return Err("was not written to".into());
    }
    let number = |word: u32| f64::from(f32::from_bits(word));
    match values {
        Values::F32 => sums.add(number(f), number(e)),
        // Numbers are looked at by rows.
        Values::Cache { .. } => Ok(()),
        Values::Scores if !at.is_multiple_of(4) && expected[at / 4 * 4] == NOT_FINITE => Ok(()),
        Values::Scores if !at.is_multiple_of(4) => sums.add(number(f), number(e)),
        Values::Scores | Values::Words if f != e => Err(format!("is {f}, expected {e}")),
        Values::Scores | Values::Words => Ok(()),
    }
}

#[derive(Default)]
struct Sums {
    count: u32,
    errors: f64,
    squares: f64,
    max_abs: f64,
}

impl Sums {
    fn add(&mut self, found: f64, expected: f64) -> Result<(), String> {
        let distance = (found - expected).abs();
        if !distance.is_finite() {
            return Err(format!("is {found}, expected {expected}"));
        }
        self.count += 1;
        self.errors += distance * distance;
        self.squares += expected * expected;
        self.max_abs = self.max_abs.max(distance);
        Ok(())
    }

    fn distance(&self, typical: f64) -> Distance {
        let squares = self.squares.max(f64::from(self.count) * typical);
        // Where nothing but zeros is expected, the error itself.
        let nmse = if squares > 0.0 {
            self.errors / squares
        } else {
            self.errors
        };
        Distance {
            nmse,
            max_abs: self.max_abs,
        }
    }
}
