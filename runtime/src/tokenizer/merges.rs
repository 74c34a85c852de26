//! Which two tokens merge, before which others, and into what: byte-pair encoding (Sennrich et al. 2016) of one piece.
//! Merges are kept by their left token, 12 bytes each, and 4 a token; a piece of n bytes takes O(n log n), however long.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// All merges.
pub(super) struct Merges {
    /// The merges of left token `id` are those from `starts[id]` to `starts[id + 1]`.
    starts: Vec<u32>,
    /// The right token and the rank, by left token, then by right.
    rights: Vec<(u32, u32)>,
    /// What the merge of a rank makes.
    made: Vec<u32>,
}

/// Left and right token, and their rank.
pub(super) type Pair = (u32, u32, u32);

impl Merges {
    /// From the pairs of a vocabulary of so many tokens, and what the merge of each rank makes. Of two for the same pair
    /// the later one counts.
    pub fn new(tokens: usize, mut pairs: Vec<Pair>, made: Vec<u32>) -> Self {
        pairs.sort_unstable();
        pairs.dedup_by(|later, first| {
            let same = (later.0, later.1) == (first.0, first.1);
            if same {
                first.2 = later.2;
            }
            same
        });
        let mut starts = vec![0; tokens + 1];
        for (left, _, _) in &pairs {
            starts[*left as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let rights = pairs.iter().map(|(_, right, rank)| (*right, *rank));
        Self {
            starts,
            rights: rights.collect(),
            made,
        }
    }

    /// Bytes for so many merges of a vocabulary of so many tokens.
    pub fn bytes(tokens: usize, merges: usize) -> usize {
        (tokens + 1) * size_of::<u32>() + merges * (size_of::<(u32, u32)>() + size_of::<u32>())
    }

    /// The rank of the merge of two tokens, [`NEVER`] if there is none.
    fn rank(&self, left: u32, right: u32) -> u32 {
        let left = left as usize;
        let rights = &self.rights[self.starts[left] as usize..self.starts[left + 1] as usize];
        match rights.binary_search_by_key(&right, |(right, _)| *right) {
            Ok(at) => rights[at].1,
            Err(_) => NEVER,
        }
    }

    /// Appends what becomes of the tokens in `word`, and empties it: of all neighbours that merge those of the least
    /// rank do, of these the first, until none is left.
    pub fn apply(&self, word: &mut Word, ids: &mut Vec<u32>) {
        for at in 1..word.links.len() as u32 {
            self.meet(word, at - 1, at);
        }
        while let Some(Reverse((rank, at))) = word.queue.pop() {
            // Where the ranks differ, one of the two has merged with another since.
            if word.links[at as usize].rank != rank {
                continue;
            }
            word.join(at, self.made[rank as usize]);
            let Link { previous, next, .. } = word.links[at as usize];
            if next != END {
                self.meet(word, at, next);
            }
            if previous != END {
                self.meet(word, previous, at);
            }
        }
        word.empty(ids);
    }

    /// Looks up whether two that have become neighbours merge.
    fn meet(&self, word: &mut Word, at: u32, next: u32) {
        let links = &mut word.links;
        let rank = self.rank(links[at as usize].id, links[next as usize].id);
        links[at as usize].rank = rank;
        if rank != NEVER {
            word.queue.push(Reverse((rank, at)));
        }
    }
}

/// The rank of two tokens that do not merge.
const NEVER: u32 = u32::MAX;
/// Where a list ends.
const END: u32 = u32::MAX;

/// The tokens of a piece, as a list from which the right one of two that merge is taken out, and which neighbours merge
/// next. Used again for each piece of a text.
#[derive(Default)]
pub(super) struct Word {
    links: Vec<Link>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

#[derive(Clone, Copy)]
struct Link {
    id: u32,
    previous: u32,
    next: u32,
    /// Of the merge with the next.
    rank: u32,
}

impl Word {
    /// The tokens of a piece, before any has merged: fewer than 4 Gi of them, which would take 100 GiB.
    pub fn fill(&mut self, ids: impl Iterator<Item = u32>) {
        self.links
            .extend((0..).zip(ids).map(|(at, id): (u32, u32)| Link {
                id,
                previous: at.checked_sub(1).unwrap_or(END),
                next: at + 1,
                rank: NEVER,
            }));
        if let Some(last) = self.links.last_mut() {
            last.next = END;
        }
    }

    /// Makes one token of that at `at` and its next.
    fn join(&mut self, at: u32, id: u32) {
        let right = self.links[at as usize].next as usize;
        let next = self.links[right].next;
        self.links[right].rank = NEVER;
        let left = &mut self.links[at as usize];
        (left.id, left.next, left.rank) = (id, next, NEVER);
        if next != END {
            self.links[next as usize].previous = at;
        }
    }

    fn empty(&mut self, ids: &mut Vec<u32>) {
        let mut at = 0;
        while let Some(link) = self.links.get(at as usize) {
            ids.push(link.id);
            at = link.next;
        }
        self.links.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: look for the least rank, merge its first pair, and again.
    fn slowly(merges: &Merges, mut ids: Vec<u32>) -> Vec<u32> {
        loop {
            let ranks = ids.windows(2).map(|two| merges.rank(two[0], two[1]));
            let least = ranks.enumerate().min_by_key(|(_, rank)| *rank);
            let Some((at, rank)) = least.filter(|(_, rank)| *rank != NEVER) else {
                return ids;
            };
            ids.splice(at..at + 2, [merges.made[rank as usize]]);
        }
    }

    /// Merges of tokens as they are made, from three to begin with. A token stands for one text only.
    fn invented(random: &mut impl FnMut(usize) -> usize) -> Merges {
        let mut texts: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let (mut pairs, mut made) = (Vec::new(), Vec::new());
        while made.len() < 40 {
            let (left, right) = (random(texts.len()), random(texts.len()));
            let text = format!("{}{}", texts[left], texts[right]);
            let known = texts.iter().position(|other| *other == text);
            if known.is_none() {
                texts.push(text);
            }
            pairs.push((left as u32, right as u32, made.len() as u32));
            made.push(known.unwrap_or(texts.len() - 1) as u32);
        }
        Merges::new(texts.len(), pairs, made)
    }

    #[test]
    fn pieces_merge_as_they_are_defined_to() {
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        let mut word = Word::default();
        let mut merged = 0;
        for _ in 0..200 {
            let merges = invented(&mut random);
            for _ in 0..20 {
                let piece: Vec<u32> = (0..random(60) + 1).map(|_| random(3) as u32).collect();
                let mut found = vec![7];
                word.fill(piece.iter().copied());
                merges.apply(&mut word, &mut found);
                merged += piece.len() + 1 - found.len();
                assert_eq!(found[1..], slowly(&merges, piece));
            }
        }
        assert!(merged > 1000, "{merged} merges");
    }

    /// Each merge of a list that is searched anew, or moved up, would make this take hours.
    #[test]
    fn a_megabyte_of_one_byte_merges() {
        let pairs = (0..10).map(|rank| (rank, rank, rank)).collect();
        let merges = Merges::new(11, pairs, (1..=10).collect());
        let mut word = Word::default();
        let mut found = Vec::new();
        word.fill(std::iter::repeat_n(0, (1 << 20) + 5));
        merges.apply(&mut word, &mut found);
        let (most, rest) = found.split_at(1 << 10);
        assert!(most.iter().all(|id| *id == 10));
        assert_eq!(rest, [2, 0], "five are four and one");
    }

    #[test]
    fn of_two_merges_of_a_pair_the_later_counts() {
        let merges = Merges::new(4, vec![(0, 1, 0), (1, 1, 1), (0, 1, 2)], vec![2, 3, 3]);
        assert_eq!([merges.rank(0, 1), merges.rank(1, 1)], [2, 1]);
        assert_eq!([merges.rank(1, 0), merges.rank(3, 0)], [NEVER; 2]);
    }
}
