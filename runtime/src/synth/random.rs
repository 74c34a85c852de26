//! Random weights, straight as blocks of a file's format: every quant and every sub-scale takes every value, and the
//! block's own scales are set so that the weights have mean 0 and the asked standard deviation. Nothing is quantised.

use half::f16;
use lorgnette_shaders::weights::WeightFormat;

/// SplitMix64 (Steele, Lea and Flood 2014): a counter and a mixing function, fast enough to outrun a disk.
pub(super) struct Random(u64);

impl Random {
    /// An own sequence for each `seed` and `stream`.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(mix(mix(seed) ^ stream))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Evenly spread with mean 0 and standard deviation 1.
    pub fn spread(&mut self) -> f32 {
        // 24 bits: what an f32 holds exactly.
        let unit = (self.next() >> 40) as f32 / (1u32 << 24) as f32;
        (unit - 0.5) * 12f32.sqrt()
    }

    fn fill(&mut self, out: &mut [u8]) {
        let (words, rest) = out.as_chunks_mut::<8>();
        for word in words {
            *word = self.next().to_le_bytes();
        }
        let last = self.next().to_le_bytes();
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Fills blocks of one format.
pub(super) struct Blocks {
    format: WeightFormat,
    deviation: f32,
    /// Where in a block its scale is; a minimum or offset, where the format has one, follows it.
    scale_at: usize,
    has_offset: bool,
    /// Scales and offsets to choose from, by a random byte: making f16 numbers one by one would take longer than all
    /// the rest.
    scales: Vec<[[u8; 2]; 2]>,
}

impl Blocks {
    /// For rows of `cols` weights: the standard deviation is 1/sqrt(cols).
    pub fn new(format: WeightFormat, cols: u64) -> Self {
        let deviation = 1.0 / (cols as f32).sqrt();
        let (unit, offset) = unit_deviation(format);
        let scales = (0u8..=255)
            .map(|byte| {
                // From 3/4 to 5/4 of what it should be; of either sign where no offset moves the middle.
                let near = 0.75 + 0.5 * f32::from(byte >> 1) / 127.0;
                let sign = if offset.is_none() && byte & 1 == 1 {
                    -1.0
                } else {
                    1.0
                };
                let scale = deviation / unit * near * sign;
                let offset = scale * offset.unwrap_or(0.0);
                [scale, offset].map(|x| f16::from_f32(x).to_le_bytes())
            })
            .collect();
        Self {
            format,
            deviation,
            scale_at: if format == WeightFormat::Q6K { 208 } else { 0 },
            has_offset: offset.is_some(),
            scales,
        }
    }

    /// Fills whole blocks.
    pub fn fill(&self, random: &mut Random, out: &mut [u8]) {
        match self.format {
            WeightFormat::F32 => {
                for x in out.as_chunks_mut::<4>().0 {
                    *x = (self.deviation * random.spread()).to_le_bytes();
                }
            }
            WeightFormat::F16 => {
                for x in out.as_chunks_mut::<2>().0 {
                    *x = f16::from_f32(self.deviation * random.spread()).to_le_bytes();
                }
            }
            WeightFormat::Bf16 => {
                for x in out.as_chunks_mut::<2>().0 {
                    *x = half::bf16::from_f32(self.deviation * random.spread()).to_le_bytes();
                }
            }
            _ => {
                random.fill(out);
                for block in out.chunks_exact_mut(self.format.file_block_bytes()) {
                    self.set_scales(block);
                }
            }
        }
    }

    fn set_scales(&self, block: &mut [u8]) {
        let at = self.scale_at;
        let [scale, offset] = self.scales[usize::from(block[at])];
        block[at..at + 2].copy_from_slice(&scale);
        if self.has_offset {
            block[at + 2..at + 4].copy_from_slice(&offset);
        }
    }
}

/// The standard deviation of a weight in a block of random bits with scale 1, and the offset that then makes its mean
/// 0 (of Q4_K and Q5_K the minimum's scale). With U(n) even over 0..n: Q4_0 is U(16)-8, Q8_0 U(256)-128, Q6_K
/// (U(256)-128)(U(64)-32), Q4_K U(64)U(16) - 7.5 U(64), IQ4_NL its table, IQ4_XS the table times U(64)-32.
fn unit_deviation(format: WeightFormat) -> (f32, Option<f32>) {
    match format {
        WeightFormat::F32 | WeightFormat::F16 | WeightFormat::Bf16 => (1.0, None),
        WeightFormat::Q4_0 => (4.637, None),
        WeightFormat::Q4_1 => (4.610, Some(-7.5)),
        WeightFormat::Q5_0 => (9.247, None),
        WeightFormat::Q5_1 => (9.233, Some(-15.5)),
        WeightFormat::Q8_0 => (73.90, None),
        WeightFormat::Q4K => (258.3, Some(7.5)),
        WeightFormat::Q5K => (526.9, Some(15.5)),
        WeightFormat::Q6K => (1365.5, None),
        WeightFormat::Iq4Nl => (67.44, None),
        WeightFormat::Iq4Xs => (1246.3, None),
    }
}
