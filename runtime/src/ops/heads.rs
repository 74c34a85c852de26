//! The numbers of an attention layer: its heads, and the cache that they read. No words of a page.

use lorgnette_shaders::CacheFormat;
use lorgnette_shaders::weights::BLOCK;

/// The heads of an attention layer and the cache they read.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Elements of a head.
    pub size: usize,
    /// Positions that the cache holds.
    pub context: u32,
    /// Its format.
    pub cache: CacheFormat,
}

impl Heads {
    /// Elements of a row of keys (and of values).
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.size
    }

    pub(super) fn row_blocks(&self) -> u32 {
        (self.kv_width() / BLOCK) as u32
    }

    /// Bytes of a row of keys (and of values) in the cache.
    pub fn kv_row_bytes(&self) -> u64 {
        self.cache.row_bytes(self.kv_width()) as u64
    }

    /// The numbers in the words of a whole cache.
    pub(crate) fn rows(&self, words: &[u32]) -> Vec<f32> {
        let rows = words.chunks_exact(self.kv_row_bytes() as usize / 4);
        rows.flat_map(|row| self.cache.load_row(row, self.kv_width()))
            .collect()
    }
}
