//! What a CPU reference reads and writes: typed views over the same buffers, params and step that the GPU gets.

use crate::kernel::{Parts, Step};
use crate::program::Shader;

/// Plays a shader's reference on whole buffers, in binding order.
///
/// # Panics
/// If there are not as many buffers as bindings, or a buffer is too short for what params and step say.
pub fn play(shader: &Shader, params: &[u8], step: Step, buffers: &mut [Vec<u32>]) {
    let views = shader
        .kernel
        .binds
        .iter()
        .zip(buffers)
        .map(|(bind, words)| match bind.access.writes() {
            true => View::Write(words),
            false => View::Read(words),
        })
        .collect();
    (shader.kernel.reference)(Call {
        params,
        step,
        parts: shader.parts,
        views,
    });
}

/// One call of a reference.
#[derive(Debug)]
pub struct Call<'a> {
    /// The params' bytes, as uploaded.
    pub params: &'a [u8],
    /// The step.
    pub step: Step,
    /// The parts the kernel was chosen with.
    pub parts: Parts,
    /// The storage buffers in binding order.
    pub views: Vec<View<'a>>,
}

impl<'a> Call<'a> {
    /// The params as the kernel's own struct, and its views as an array.
    pub(crate) fn open<P: bytemuck::Pod, const N: usize>(self) -> (P, [View<'a>; N]) {
        let views = self
            .views
            .try_into()
            .unwrap_or_else(|views: Vec<_>| panic!("{N} views expected, {} given", views.len()));
        (crate::kernel::read(self.params), views)
    }
}

/// A storage buffer as 32-bit words.
#[derive(Debug)]
pub enum View<'a> {
    /// Bound read-only.
    Read(&'a [u32]),
    /// Bound read-write.
    Write(&'a mut [u32]),
}

impl View<'_> {
    /// The words.
    pub fn words(&self) -> &[u32] {
        match self {
            Self::Read(words) => words,
            Self::Write(words) => words,
        }
    }

    /// The words, to be written. Panics on a read-only view: that is a bug in a kernel's description.
    pub fn words_mut(&mut self) -> &mut [u32] {
        match self {
            Self::Read(_) => panic!("a reference writes to a read-only binding"),
            Self::Write(words) => words,
        }
    }

    /// The words as f32.
    pub fn f32s(&self) -> &[f32] {
        bytemuck::cast_slice(self.words())
    }

    /// The words as f32, to be written.
    pub fn f32s_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(self.words_mut())
    }
}
