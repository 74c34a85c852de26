//! Bytes to the GPU through a small ring of mapped buffers, and whole buffers back. Nothing else is staged.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::buffers::{Buffer, Target};
use super::counters::Counts;
use super::device::Gpu;
use super::readback::Readback;
use crate::memory::{ALIGNMENT, STAGING_BUFFERS, Section, staging_buffer};
use crate::{Error, Result};

/// How long an idle buffer may take to be mapped.
const PATIENCE: Duration = Duration::from_secs(10);

/// The upload ring: buffers that take turns. Dropping it gives its memory back.
#[derive(Debug)]
pub(crate) struct Upload {
    gpu: Arc<Gpu>,
    /// Each buffer, and the last copy out of it that was not waited for.
    ring: Vec<(Buffer, Option<wgpu::SubmissionIndex>)>,
    /// The buffer that was used longest ago.
    next: usize,
    /// What is in that one already.
    filling: Option<Filling>,
}

/// A buffer of the ring that is mapped and being filled.
#[derive(Debug)]
struct Filling {
    /// Copies what is in it.
    encoder: wgpu::CommandEncoder,
    /// Where the next bytes go.
    end: u64,
}

impl Upload {
    /// A ring of `staging` bytes.
    pub fn new(gpu: Arc<Gpu>, staging: u64) -> Result<Self> {
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        let bytes = staging_buffer(staging);
        let ring = (0..STAGING_BUFFERS)
            .map(|_| Ok((gpu.buffer("staging", bytes, usage)?, None)))
            .collect::<Result<_>>()?;
        let (next, filling) = (0, None);
        Ok(Self {
            gpu,
            ring,
            next,
            filling,
        })
    }

    /// Copies sections of `bytes` (at most one buffer of the ring) to `target`: (offset in bytes, offset in target,
    /// length), multiples of what the target says. The copies come behind everything that was submitted before: together
    /// with others once a buffer is full, or at [`Upload::flush`].
    ///
    /// # Errors
    /// As [`Gpu::submit`]; what was not submitted is not copied then.
    pub fn write(
        &mut self,
        bytes: &[u8],
        sections: &[Section],
        target: &impl Target,
        given_up: &dyn Fn() -> bool,
    ) -> Result<()> {
        let length = bytes.len() as u64;
        let room = self.ring[self.next].0.bytes();
        if matches!(&self.filling, Some(filling) if filling.end + length > room) {
            self.flush(given_up)?;
        }
        let mut filling = match self.filling.take() {
            Some(filling) => filling,
            None => self.fill_next()?,
        };
        let (staging, _) = &self.ring[self.next];
        let start = filling.end;
        let unmapped = |error| Error::Device(format!("mapping a staging buffer: {error}"));
        let place = staging.raw().slice(start..start + length);
        let mut place = place.get_mapped_range_mut().map_err(unmapped)?;
        place.copy_from_slice(bytes);
        for (from, to, length) in sections.iter().filter(|(_, _, length)| *length > 0) {
            target.copy(&mut filling.encoder, staging, (start + from, *to, *length));
        }
        filling.end = (start + length).next_multiple_of(ALIGNMENT);
        self.filling = Some(filling);
        Ok(())
    }

    /// Waits until the next buffer is free, and maps it.
    fn fill_next(&mut self) -> Result<Filling> {
        let (staging, busy) = &mut self.ring[self.next];
        if let Some(submission) = busy.take() {
            self.gpu.wait(submission)?;
        }
        map(&self.gpu, &staging.raw().slice(..), wgpu::MapMode::Write)?;
        let encoder = self.gpu.device.create_command_encoder(&Default::default());
        Ok(Filling { encoder, end: 0 })
    }

    /// Submits what was written and not submitted yet.
    ///
    /// # Errors
    /// As [`Gpu::submit`]; that is not copied then.
    pub fn flush(&mut self, given_up: &dyn Fn() -> bool) -> Result<()> {
        let Some(Filling { encoder, end }) = self.filling.take() else {
            return Ok(());
        };
        let (staging, busy) = &mut self.ring[self.next];
        staging.raw().unmap();
        let count = |counts: &Counts| counts.copied(end);
        let (_, submission) = self.gpu.submit(encoder, count, given_up)?;
        *busy = Some(submission);
        self.next = (self.next + 1) % self.ring.len();
        Ok(())
    }

    /// Copies all of `bytes` to the start of `target`.
    pub fn fill(
        &mut self,
        bytes: &[u8],
        target: &impl Target,
        given_up: &dyn Fn() -> bool,
    ) -> Result<()> {
        let mut at = 0;
        for chunk in bytes.chunks(self.ring[0].0.raw().size() as usize) {
            let length = chunk.len() as u64;
            self.write(chunk, &[(0, at, length)], target, given_up)?;
            at += length;
        }
        self.flush(given_up)
    }

    /// Bytes of its buffers.
    pub fn bytes(&self) -> u64 {
        self.ring.iter().map(|(buffer, _)| buffer.bytes()).sum()
    }

    /// Waits for the last copy that was submitted.
    pub fn settle(&mut self) -> Result<()> {
        for (_, busy) in &mut self.ring {
            if let Some(submission) = busy.take() {
                self.gpu.wait(submission)?;
            }
        }
        Ok(())
    }

    /// Waits for the last copy and gives the ring's memory back.
    pub fn finish(mut self) -> Result<()> {
        self.settle()?;
        self.ring.clear();
        self.gpu.settle()
    }
}

/// All of a buffer that can be copied from, through a readback buffer made for it. For tests and traces; slow.
pub(crate) fn copy_back(gpu: &Gpu, source: &Buffer) -> Result<Vec<u32>> {
    let bytes = source.raw().size();
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let mut back = Readback::new(gpu.buffer("copy", bytes, usage)?);
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(source.raw(), 0, back.target().raw(), 0, Some(bytes));
    let (_, submission) = gpu.submit(encoder, Counts::submitted, &|| false)?;
    back.ask(bytes, submission);
    Ok(bytemuck::pod_collect_to_vec(&back.take(gpu)?))
}

fn map(gpu: &Gpu, slice: &wgpu::BufferSlice<'_>, mode: wgpu::MapMode) -> Result<()> {
    let (done, mapped) = std::sync::mpsc::channel();
    slice.map_async(mode, move |result| done.send(result).unwrap_or(()));
    received(gpu, &mapped)
}

/// Waits for a mapping of a buffer that the device is done with. Callbacks run on whichever thread polls next: that
/// may be another session's, so this one polls and then waits a moment for the answer, until it comes.
pub(super) fn received(
    gpu: &Gpu,
    mapped: &std::sync::mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        gpu.device
            .poll(wgpu::PollType::Poll)
            .map_err(|error| Error::Device(error.to_string()))?;
        match mapped.recv_timeout(Duration::from_millis(1)) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => return Err(Error::Device(format!("mapping a buffer: {error}"))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Err(Error::Device(
        "mapping a buffer: the driver did not answer".into(),
    ))
}
