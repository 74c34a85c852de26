//! Weight formats: how the quantised types of model files are laid out on the GPU, and what a block means.
//!
//! Whatever the format, a kernel sees a matrix as rows of blocks of 32 weights (`BLOCK`). A format is a WGSL part
//! that unpacks one block, and the same thing in Rust as its reference.
//!
//! Formats are those of GGUF (ggml's block definitions). Files are re-ordered to the GPU layout when they are loaded.

mod file;
mod layout;
mod medium;
mod unpack;

pub use layout::Layout;
pub use medium::{Medium, Texels};

/// Weights in a block as the kernels see it, in every format.
pub const BLOCK: usize = 32;

/// A type of weights, named as in GGUF files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum WeightFormat {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
    Iq4Nl,
    Iq4Xs,
}

impl WeightFormat {
    /// Every format, in declaration order.
    pub const ALL: [Self; 13] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Iq4Nl,
        Self::Iq4Xs,
    ];

    /// The lower-case GGUF name: `q4_k`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q4_0 => "q4_0",
            Self::Q4_1 => "q4_1",
            Self::Q5_0 => "q5_0",
            Self::Q5_1 => "q5_1",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4_k",
            Self::Q5K => "q5_k",
            Self::Q6K => "q6_k",
            Self::Iq4Nl => "iq4_nl",
            Self::Iq4Xs => "iq4_xs",
        }
    }

    /// Weights in one block of the file's format: 1, 32 or 256.
    pub const fn file_block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::Iq4Nl => 32,
            Self::Q4K | Self::Q5K | Self::Q6K | Self::Iq4Xs => 256,
        }
    }

    /// Bytes of one block of the file's format.
    pub const fn file_block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q4_0 | Self::Iq4Nl => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
            Self::Iq4Xs => 136,
        }
    }

    /// The WGSL of the format, to be joined with that of a [`Medium`], which offers `weights_at`. It offers
    /// `fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8>`: the weights of block
    /// `row * (cols / 32) + column / 32`, in order, in f32; `planes` is [`Layout::planes`]. Every other name in it
    /// starts with `weights_` too. No optional feature of WGSL is used, and finite halves are exact, subnormal ones
    /// included; infinities and NaNs among them are not kept.
    pub const fn part(self) -> &'static str {
        macro_rules! join {
            ($($file:literal),*) => { concat!($(include_str!($file)),*) };
        }
        match self {
            Self::F32 => join!("weights_f32.wgsl"),
            Self::F16 => join!("common.wgsl", "weights_f16.wgsl"),
            Self::Bf16 => join!("weights_bf16.wgsl"),
            Self::Q4_0 => join!("common.wgsl", "weights_q4_0.wgsl"),
            Self::Q4_1 => join!("common.wgsl", "weights_q4_1.wgsl"),
            Self::Q5_0 => join!("common.wgsl", "weights_q5_0.wgsl"),
            Self::Q5_1 => join!("common.wgsl", "weights_q5_1.wgsl"),
            Self::Q8_0 => join!("common.wgsl", "weights_q8_0.wgsl"),
            Self::Q4K => join!("common.wgsl", "common_k.wgsl", "weights_q4_k.wgsl"),
            Self::Q5K => join!("common.wgsl", "common_k.wgsl", "weights_q5_k.wgsl"),
            Self::Q6K => join!("common.wgsl", "weights_q6_k.wgsl"),
            Self::Iq4Nl => join!("common.wgsl", "common_iq4.wgsl", "weights_iq4_nl.wgsl"),
            Self::Iq4Xs => join!("common.wgsl", "common_iq4.wgsl", "weights_iq4_xs.wgsl"),
        }
    }
}

/// What the 4-bit codes of IQ4_NL and IQ4_XS stand for.
const IQ4_VALUES: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];
