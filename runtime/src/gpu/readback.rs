//! Results of steps back to the host, each through a mapped buffer of its own: while one is on its way the next step can
//! be submitted.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;

use super::buffers::Buffer;
use super::device::Gpu;
use super::transfer::received;
use crate::{Error, Result};

/// A buffer that results are read back from.
#[derive(Debug)]
pub(crate) struct Readback {
    buffer: Buffer,
    coming: Option<Coming>,
}

/// What a submission brings.
#[derive(Debug)]
struct Coming {
    bytes: u64,
    submission: wgpu::SubmissionIndex,
    mapped: Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

impl Readback {
    pub fn new(buffer: Buffer) -> Self {
        let coming = None;
        Self { buffer, coming }
    }

    pub fn bytes(&self) -> u64 {
        self.buffer.bytes()
    }

    /// The buffer to copy to, in a submission that is not made yet. What still comes to it is given up.
    pub fn target(&mut self) -> &Buffer {
        if self.coming.take().is_some() {
            self.buffer.raw().unmap();
        }
        &self.buffer
    }

    /// Asks for the first `bytes` bytes, which `submission` copies.
    pub fn ask(&mut self, bytes: u64, submission: wgpu::SubmissionIndex) {
        let (done, mapped) = std::sync::mpsc::channel();
        let slice = self.buffer.raw().slice(..bytes);
        slice.map_async(wgpu::MapMode::Read, move |result| {
            // Nobody may be left to ask.
            done.send(result).unwrap_or(())
        });
        self.coming = Some(Coming {
            bytes,
            submission,
            mapped,
        });
    }

    /// Waits for what was asked for.
    pub fn take(&mut self, gpu: &Gpu) -> Result<Vec<u8>> {
        let result = self.wait(gpu);
        self.target();
        result
    }

    fn wait(&self, gpu: &Gpu) -> Result<Vec<u8>> {
        let coming = self.coming.as_ref();
        let coming = coming.ok_or_else(|| Error::Device("nothing is on its way back".into()))?;
        gpu.wait(coming.submission.clone())?;
        received(gpu, &coming.mapped)?;
        let slice = self.buffer.raw().slice(..coming.bytes);
        let view = slice
            .get_mapped_range()
            .map_err(|error| Error::Device(format!("reading results back: {error}")))?;
        let counts = &gpu.counts;
        counts.read_back_bytes.fetch_add(coming.bytes, Relaxed);
        let bytes = view.to_vec();
        // What a device had when it was lost may be anything.
        gpu.check()?;
        Ok(bytes)
    }
}
