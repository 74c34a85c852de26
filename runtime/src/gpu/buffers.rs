//! The one place that creates GPU buffers, so that every byte is counted while it lives.

use std::sync::Arc;

use super::counters::Counts;
use super::device::Gpu;
use crate::{Error, Result};

/// A buffer whose bytes are in the account until it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    raw: wgpu::Buffer,
    counts: Arc<Counts>,
}

impl Buffer {
    pub fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.counts.buffer_dropped(self.raw.size());
    }
}

impl Gpu {
    /// A new buffer, or an error with the bytes that could not be had.
    pub fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<Buffer> {
        let limit = self.report.max_buffer_bytes;
        if bytes > limit {
            return Err(Error::Limit {
                what: format!("buffer {label}"),
                needed: bytes,
                limit,
            });
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes,
            usage,
            mapped_at_creation: false,
        });
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(Error::Device(format!(
                "no memory for {bytes} bytes of {label}: {error}"
            )));
        }
        self.check()?;
        self.counts.buffer_made(bytes);
        Ok(Buffer {
            raw,
            counts: self.counts.clone(),
        })
    }
}
