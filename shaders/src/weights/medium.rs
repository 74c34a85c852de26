//! What a matrix of weights lies in: a storage buffer, or a 2D texture of 16-byte texels in the same order. Some devices
//! read textures through a path and a cache of their own, and much faster. Vectors are always buffers.

/// What the weights of a program lie in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    /// A storage buffer of `vec4<u32>`.
    #[default]
    Buffer,
    /// A texture of `rgba32uint`.
    Texture,
}

impl Medium {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Buffer, Self::Texture];

    /// `buffer` or `texture`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buffer => "buffer",
            Self::Texture => "texture",
        }
    }

    /// The medium of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|medium| medium.name() == name)
    }

    /// The WGSL that declares `weights`, at the first storage binding, and offers
    /// `fn weights_at(i: u32) -> vec4<u32>`: their unit `i` of 16 bytes. Nothing else reads them.
    pub const fn part(self) -> &'static str {
        match self {
            Self::Buffer => include_str!("in_buffer.wgsl"),
            Self::Texture => include_str!("in_texture.wgsl"),
        }
    }
}

/// The texels of a texture, 16 bytes each. The width is a power of two, as `weights_at` expects; both sides are at most
/// what WebGPU guarantees (`maxTextureDimension2D`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texels {
    /// Texels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Texels {
    /// Bytes of a texel.
    pub const BYTES: u64 = 16;
    /// The longest side.
    pub const SIDE: u32 = 8192;
    /// Bytes of the largest texture.
    pub const MOST_BYTES: u64 = Self::sized(Self::WIDE, Self::SIDE).bytes();
    /// Texels of a row, so that little is lost behind the last one, and of a row where those would be too many rows.
    const NARROW: u32 = 256;
    const WIDE: u32 = 1024;

    const fn sized(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The smallest texture that holds so many bytes, up to [`Texels::MOST_BYTES`].
    pub fn holding(bytes: u64) -> Self {
        let rows = |width: u32| bytes.div_ceil(u64::from(width) * Self::BYTES);
        let width = match rows(Self::NARROW) > Self::SIDE.into() {
            true => Self::WIDE,
            false => Self::NARROW,
        };
        Self::sized(width, rows(width).try_into().unwrap_or(u32::MAX))
    }

    /// The bytes that fit in the largest texture of at most `bytes`.
    pub fn within(bytes: u64) -> u64 {
        let narrow = Self::sized(Self::NARROW, Self::SIDE).bytes();
        let width = if bytes > narrow {
            Self::WIDE
        } else {
            Self::NARROW
        };
        let row = u64::from(width) * Self::BYTES;
        bytes.min(Self::MOST_BYTES) / row * row
    }

    /// Its bytes.
    pub const fn bytes(self) -> u64 {
        self.width as u64 * self.height as u64 * Self::BYTES
    }
}
