//! What wgpu's allocator holds from the driver beside the bytes of our buffers. It asks for blocks, for each kind of
//! memory, and puts a buffer into the last one that has room; what is larger than a block gets memory of its own. Pure
//! arithmetic that plays this on the sizes of a plan; what the driver itself takes is not in it.

use crate::memory::{MemoryPlan, STAGING_BUFFERS};

/// Bytes of a block: the fewest that wgpu's allocator asks for.
pub(crate) const BLOCK: u64 = 4 << 20;
/// Buffers on the device, buffers that are written to, buffers that are read back: a block of each stays.
pub(crate) const IDLE: u64 = 3 * BLOCK;
/// A buffer takes whole pages.
const PAGE: u64 = 4 << 10;
/// wgpu's own: zeros to clear with, and copies of the last steps' uploads until these have ended.
const ZEROS: u64 = 512 << 10;
const UPLOADS: usize = 4;

impl MemoryPlan {
    /// Bytes that the GPU's allocator holds beside [`Self::peak`], at most, with `sessions` open.
    pub fn reserve(&self, sessions: u64) -> u64 {
        self.reserved(sessions) - self.peak(sessions)
    }

    /// Bytes that the GPU's allocator holds from the driver, at most, with `sessions` open.
    pub fn reserved(&self, sessions: u64) -> u64 {
        let ring = [self.staging / STAGING_BUFFERS as u64; STAGING_BUFFERS];
        let uploads = [self.session.step; UPLOADS];
        let model = std::iter::once(&ZEROS)
            .chain(&self.weights)
            .chain(&self.slots)
            .chain([&self.params]);
        let one = self.session.keys.iter().chain(&self.session.keys);
        let one = one.chain([&self.session.ids, &self.session.step]);
        let open = (0..sessions).flat_map(|_| one.clone());
        let results = (0..sessions).map(|_| &self.session.readback);

        let loading = in_blocks(model.clone()) + in_blocks(&ring) + BLOCK;
        let streaming: &[u64] = if self.streamed_layers > 0 { &ring } else { &[] };
        let playing = in_blocks(model.chain(open))
            + in_blocks(streaming.iter().chain(&uploads))
            + in_blocks(results);
        loading.max(playing)
    }
}

/// Bytes of the blocks that buffers of one kind take, made in this order. One block stays when all are dropped.
fn in_blocks<'a>(buffers: impl IntoIterator<Item = &'a u64>) -> u64 {
    let mut alone = 0;
    let mut room = Vec::new();
    for bytes in buffers {
        let bytes = bytes.next_multiple_of(PAGE);
        if bytes > BLOCK {
            alone += bytes;
        } else if let Some(room) = room.iter_mut().rev().find(|room| **room >= bytes) {
            *room -= bytes;
        } else {
            room.push(BLOCK - bytes);
        }
    }
    alone + room.len().max(1) as u64 * BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_share_blocks_where_there_is_room() {
        for (buffers, expected) in [
            (&[][..], BLOCK),
            (&[1], BLOCK),
            (&[BLOCK], BLOCK),
            (&[BLOCK / 2, BLOCK / 2], BLOCK),
            (&[BLOCK / 2, BLOCK / 2, 1], 2 * BLOCK),
            // The third goes into what the first has left.
            (&[BLOCK - PAGE, BLOCK, PAGE], 2 * BLOCK),
            (&[BLOCK + 1], 2 * BLOCK + PAGE),
            (&[3 * BLOCK, 1], 4 * BLOCK),
        ] {
            assert_eq!(in_blocks(buffers), expected, "{buffers:?}");
        }
    }
}
