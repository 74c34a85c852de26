//! Chunks packed on all cores, ahead of the one thread that hands them on. A driver may copy on that thread (software ones
//! do, and the system clears each page of fresh memory then), so that nothing else should wait on it.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::Result;
use crate::chunk::Chunk;
use crate::formats::Checkpoint;
use crate::memory::Section;

/// Where repacked sections go: weight, bytes, and (offset in bytes, offset in the weight, length) of each; of matrices all
/// multiples of 16.
pub(crate) type Sink<'a> = dyn FnMut(usize, &[u8], &[Section]) -> Result<()> + 'a;

/// Buffers of chunks on their way while a model is loaded: enough for the eight cores of a phone.
pub(crate) const LOADING: usize = 10;
/// The same while layers are streamed, beside everything else that is held then.
pub(crate) const STREAMING: usize = 4;

/// Buffers that chunks are packed in, kept from one time to the next. They grow as they are used.
#[derive(Debug)]
pub(crate) struct Packer {
    buffers: Vec<Vec<u8>>,
    /// The most of them.
    most: usize,
}

impl Packer {
    /// No buffer is made yet, and never more than `most`, at least three.
    pub fn new(most: usize) -> Self {
        let buffers = Vec::new();
        Self { buffers, most }
    }

    /// Packs those of `chunks` that `wanted` says, in any order and on threads of their own, and gives them to `sink` on
    /// this one; the file's pages behind each are given back. `passed` is told of every chunk, wanted or not.
    ///
    /// # Errors
    /// The first of any of the three; what is being packed then is dropped.
    pub fn pour(
        &mut self,
        checkpoint: &Checkpoint,
        chunks: impl Iterator<Item = Chunk> + Send,
        wanted: impl Fn(&Chunk) -> Result<bool> + Sync,
        sink: &mut Sink<'_>,
        mut passed: impl FnMut(&Chunk) -> Result<()>,
    ) -> Result<()> {
        // One buffer is being handed on, one waits for that.
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.clamp(1, self.most - 2);
        let (back, free) = channel();
        self.buffers.resize_with(threads + 2, Vec::new);
        for buffer in self.buffers.drain(..) {
            back.send(buffer).expect("the other end is here");
        }
        let source = Mutex::new((chunks, free));
        let next = || {
            let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
            let chunk = source.0.next()?;
            // Nothing comes back any more where the sink has failed.
            Some((chunk, source.1.recv().ok()?))
        };
        let (done, packed) = channel();
        thread::scope(|scope| {
            for _ in 0..threads {
                let (done, next, wanted) = (done.clone(), &next, &wanted);
                scope.spawn(move || {
                    while let Some((chunk, mut bytes)) = next() {
                        let sections = wanted(&chunk)
                            .map(|wanted| wanted.then(|| chunk.pack(checkpoint, &mut bytes)));
                        chunk.release(checkpoint);
                        let result = sections.map(|sections| (chunk, bytes, sections));
                        if done.send(result).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            // Moved in here, so that the threads end where this ends early.
            let (back, packed) = (back, packed);
            for result in packed {
                let (chunk, bytes, sections) = result?;
                if let Some(sections) = sections {
                    sink(chunk.weight, &bytes, &sections)?;
                }
                // It is not wanted where all chunks are taken.
                back.send(bytes).unwrap_or(());
                passed(&chunk)?;
            }
            Ok(())
        })?;
        let (_, free) = source.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.buffers.extend(free);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::chunk::chunks;
    use crate::{Blueprint, Error, LoadOptions};

    /// The chunks of a model, small ones, and its file.
    fn tiny() -> (Checkpoint, Vec<Chunk>) {
        let path = "../tests/data/llama3-tiny/q4_k_m.gguf";
        let checkpoint = Checkpoint::open(path.as_ref()).expect("a whole file");
        let blueprint =
            Blueprint::new(&checkpoint, &LoadOptions::default(), 128 << 20).expect("a plan");
        let list = &blueprint.weights;
        let all =
            (0..list.weights.len()).flat_map(|weight| chunks(&checkpoint, list, weight, 48 << 10));
        let all = all.collect();
        (checkpoint, all)
    }

    /// Where each section goes, and its bytes.
    type Places = BTreeMap<(usize, u64), Vec<u8>>;

    fn keep(places: &mut Places, weight: usize, bytes: &[u8], sections: &[Section]) {
        for (from, to, length) in sections.iter().filter(|section| section.2 > 0) {
            let bytes = bytes[*from as usize..][..*length as usize].to_vec();
            assert!(
                places.insert((weight, *to), bytes).is_none(),
                "brought twice"
            );
        }
    }

    #[test]
    fn every_wanted_chunk_is_handed_on_once_as_it_is_packed_alone() {
        let (checkpoint, all) = tiny();
        assert!(all.len() > 40, "{} chunks", all.len());
        let wanted = |chunk: &Chunk| !chunk.weight.is_multiple_of(3);
        let mut alone = Places::new();
        for chunk in all.iter().filter(|chunk| wanted(chunk)) {
            let mut bytes = Vec::new();
            let sections = chunk.pack(&checkpoint, &mut bytes);
            keep(&mut alone, chunk.weight, &bytes, &sections);
        }
        for most in [3, 4, 10] {
            let mut packer = Packer::new(most);
            // The second time in buffers that are not empty.
            for _ in 0..2 {
                let (mut places, mut passed) = (Places::new(), 0);
                let mut sink = |weight: usize, bytes: &[u8], sections: &[Section]| {
                    keep(&mut places, weight, bytes, sections);
                    Ok(())
                };
                let wanted = |chunk: &Chunk| Ok(wanted(chunk));
                let count = |_: &Chunk| {
                    passed += 1;
                    Ok(())
                };
                let poured =
                    packer.pour(&checkpoint, all.iter().cloned(), wanted, &mut sink, count);
                poured.expect("nothing fails");
                assert_eq!(passed, all.len());
                assert!(
                    places == alone,
                    "other bytes than alone, with {most} buffers"
                );
                assert!((3..=most).contains(&packer.buffers.len()), "all come back");
            }
        }
    }

    #[test]
    fn the_first_error_ends_it_wherever_it_comes_from() {
        let (checkpoint, all) = tiny();
        let mut packer = Packer::new(4);
        for (place, expected) in ["wanted", "sink", "passed"].into_iter().enumerate() {
            let fails = |here: usize| match here == place {
                true => Err(Error::Device(expected.into())),
                false => Ok(()),
            };
            let mut handed = 0;
            let mut sink = |_: usize, _: &[u8], _: &[Section]| {
                handed += 1;
                fails(1)
            };
            let wanted = |_: &Chunk| fails(0).map(|()| true);
            let poured = packer.pour(&checkpoint, all.iter().cloned(), wanted, &mut sink, |_| {
                fails(2)
            });
            let error = poured.expect_err("it fails").to_string();
            assert!(error.contains(expected), "{error}");
            assert!(handed <= 1, "{handed} were handed on");
        }
    }
}
