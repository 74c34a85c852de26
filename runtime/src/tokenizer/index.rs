//! From a text to its number, at 4 bytes an entry and a third for room: an open-addressed table of numbers alone. The
//! texts stay where they are, and whoever asks says how to find them.

use std::hash::{BuildHasher, RandomState};

/// Numbers of texts. The hash is keyed anew in every process, so that no file can be made whose texts collide.
pub(super) struct Index {
    slots: Vec<u32>,
    hash: RandomState,
}

/// In a slot where no number is: no vocabulary has so many tokens.
const FREE: u32 = u32::MAX;

impl Index {
    /// Room for so many texts.
    pub fn with_room(entries: usize) -> Self {
        Self {
            slots: vec![FREE; Self::slots(entries)],
            hash: RandomState::new(),
        }
    }

    /// Bytes of a table with room for so many texts.
    pub fn bytes(entries: usize) -> usize {
        Self::slots(entries) * size_of::<u32>()
    }

    /// Three of four in use at the most, and one always free.
    fn slots(entries: usize) -> usize {
        entries + entries / 3 + 1
    }

    /// The number of a text; `text_of` says what text a number stands for.
    pub fn find<'t>(&self, text: &[u8], text_of: impl Fn(u32) -> &'t [u8]) -> Option<u32> {
        let id = self.slots[self.slot(text, text_of)];
        (id != FREE).then_some(id)
    }

    /// Puts in a number, for which there must be room, or returns the one that has the same text already.
    pub fn insert<'t>(
        &mut self,
        text: &[u8],
        id: u32,
        text_of: impl Fn(u32) -> &'t [u8],
    ) -> Option<u32> {
        let slot = self.slot(text, text_of);
        let found = self.slots[slot];
        if found != FREE {
            return Some(found);
        }
        self.slots[slot] = id;
        None
    }

    /// Where the text's number is, or else belongs.
    fn slot<'t>(&self, text: &[u8], text_of: impl Fn(u32) -> &'t [u8]) -> usize {
        let count = self.slots.len();
        let hash = self.hash.hash_one(text);
        let mut at = ((u128::from(hash) * count as u128) >> 64) as usize;
        while self.slots[at] != FREE && text_of(self.slots[at]) != text {
            at = if at + 1 == count { 0 } else { at + 1 };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_and_no_other() {
        let texts: Vec<String> = (0..1000).map(|n| format!("text {n}")).collect();
        let of = |id: u32| texts[id as usize].as_bytes();
        let mut index = Index::with_room(texts.len());
        for (id, text) in (0..).zip(&texts) {
            assert_eq!(index.find(text.as_bytes(), of), None);
            assert_eq!(index.insert(text.as_bytes(), id, of), None);
        }
        for (id, text) in (0..).zip(&texts) {
            assert_eq!(index.find(text.as_bytes(), of), Some(id));
            assert_eq!(index.insert(text.as_bytes(), 5000, of), Some(id));
        }
        assert_eq!(index.find(b"text", of), None);
        assert_eq!(Index::with_room(0).find(b"", of), None);
    }
}
