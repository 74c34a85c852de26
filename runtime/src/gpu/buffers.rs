//! The one place that creates GPU buffers and textures, so that every byte is counted while it lives. Textures hold
//! matrices of weights and nothing else.

use std::sync::Arc;

use lorgnette_shaders::weights::{Medium, Texels};

use super::counters::Counts;
use super::device::Gpu;
use crate::memory::Section;
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

    pub fn bytes(&self) -> u64 {
        self.raw.size()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.counts.dropped(self.raw.size());
    }
}

/// A texture of 16-byte texels, whose bytes are in the account too.
#[derive(Debug)]
pub(crate) struct Texture {
    raw: wgpu::Texture,
    view: wgpu::TextureView,
    texels: Texels,
    counts: Arc<Counts>,
}

impl Drop for Texture {
    fn drop(&mut self) {
        self.counts.dropped(self.texels.bytes());
    }
}

/// Memory that a program binds.
#[derive(Debug)]
pub(crate) enum Storage {
    Buffer(Buffer),
    Texture(Texture),
}

impl Storage {
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Buffer(buffer) => buffer.bytes(),
            Self::Texture(texture) => texture.texels.bytes(),
        }
    }

    /// All of it, to be bound.
    pub fn resource(&self) -> wgpu::BindingResource<'_> {
        match self {
            Self::Buffer(buffer) => buffer.raw.as_entire_binding(),
            Self::Texture(texture) => wgpu::BindingResource::TextureView(&texture.view),
        }
    }
}

/// What staged bytes can be copied to.
pub(crate) trait Target {
    /// Copies one section of a staging buffer.
    fn copy(&self, encoder: &mut wgpu::CommandEncoder, staging: &Buffer, section: Section);
}

impl Target for Buffer {
    /// All multiples of 4.
    fn copy(&self, encoder: &mut wgpu::CommandEncoder, staging: &Buffer, section: Section) {
        let (from, to, length) = section;
        encoder.copy_buffer_to_buffer(&staging.raw, from, &self.raw, to, Some(length));
    }
}

impl Target for Texture {
    /// All multiples of 16, in at most three copies: the rest of a row, whole rows, the beginning of one.
    fn copy(&self, encoder: &mut wgpu::CommandEncoder, staging: &Buffer, section: Section) {
        let (mut from, to, length) = section;
        debug_assert!([from, to, length].iter().all(|n| n % Texels::BYTES == 0));
        let width = u64::from(self.texels.width);
        let (mut at, end) = (to / Texels::BYTES, (to + length) / Texels::BYTES);
        while at < end {
            let (x, y) = (at % width, at / width);
            let (columns, rows) = match (end - at) / width {
                whole if x == 0 && whole > 0 => (width, whole),
                _ => ((width - x).min(end - at), 1),
            };
            encoder.copy_buffer_to_texture(
                wgpu::TexelCopyBufferInfo {
                    buffer: &staging.raw,
                    layout: wgpu::TexelCopyBufferLayout {
                        offset: from,
                        bytes_per_row: Some(self.texels.width * Texels::BYTES as u32),
                        rows_per_image: None,
                    },
                },
                wgpu::TexelCopyTextureInfo {
                    origin: wgpu::Origin3d {
                        x: x as u32,
                        y: y as u32,
                        z: 0,
                    },
                    ..self.raw.as_image_copy()
                },
                extent(columns as u32, rows as u32),
            );
            at += columns * rows;
            from += columns * rows * Texels::BYTES;
        }
    }
}

impl Target for Storage {
    fn copy(&self, encoder: &mut wgpu::CommandEncoder, staging: &Buffer, section: Section) {
        match self {
            Self::Buffer(buffer) => buffer.copy(encoder, staging, section),
            Self::Texture(texture) => texture.copy(encoder, staging, section),
        }
    }
}

fn extent(width: u32, height: u32) -> wgpu::Extent3d {
    wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
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
        let raw = self.made(label, bytes, || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        })?;
        let counts = self.counts.clone();
        Ok(Buffer { raw, counts })
    }

    /// A new texture of so many bytes, in whole rows as [`Texels::holding`] has it, or an error as for a buffer.
    pub fn texture(&self, label: &str, bytes: u64) -> Result<Texture> {
        let texels = Texels::holding(bytes);
        debug_assert_eq!(texels.bytes(), bytes, "{label}: whole rows of texels");
        let limit = self.report.max_texture_side;
        let side = texels.width.max(texels.height);
        if side > limit {
            return Err(Error::Limit {
                what: format!("side of texture {label}, in texels"),
                needed: side.into(),
                limit: limit.into(),
            });
        }
        let raw = self.made(label, bytes, || {
            self.device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: extent(texels.width, texels.height),
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba32Uint,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            })
        })?;
        Ok(Texture {
            view: raw.create_view(&Default::default()),
            raw,
            texels,
            counts: self.counts.clone(),
        })
    }

    /// Storage of so many bytes, empty.
    pub fn weights(&self, medium: Medium, bytes: u64) -> Result<Storage> {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        match medium {
            Medium::Buffer => self.buffer("weights", bytes, usage).map(Storage::Buffer),
            Medium::Texture => self.texture("weights", bytes).map(Storage::Texture),
        }
    }

    /// What `make` makes of so many bytes, if they could be had; they are counted from now on.
    fn made<T>(&self, label: &str, bytes: u64, make: impl FnOnce() -> T) -> Result<T> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(Error::Device(format!(
                "no memory for {bytes} bytes of {label}: {error}"
            )));
        }
        self.check()?;
        self.counts.made(bytes);
        Ok(made)
    }
}
