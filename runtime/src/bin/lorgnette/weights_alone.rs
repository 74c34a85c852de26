//! Weights by themselves: how long they take with the pipelines there, held against reading the file. Only for `bench`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use lorgnette::Runtime;
use serde::Serialize;

use crate::args;
use crate::bench::median;
use crate::load::AllocatorPeak;
use crate::output::Result;

/// Seconds that weights take with the pipelines there, and that one thread takes to read the file, from the page cache where
/// it fits there. Medians of turns, as the system gives memory faster at one time than at another.
#[derive(Debug, Serialize)]
pub struct WeightsAlone {
    file_bytes: u64,
    weights_alone_s: f64,
    /// Into memory that was not used before, as much as the weights take: that is where a model goes.
    read_fresh_s: f64,
    /// Into one MiB, over and over: what the page cache gives.
    read_s: f64,
}

const TURNS: usize = 5;

impl WeightsAlone {
    pub fn measure(load: &args::Load, runtime: &Runtime, context: Option<u32>) -> Result<Self> {
        let path = load.file.path()?;
        let mut file_bytes = 0;
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let model = load.model_on(runtime, context, &mut AllocatorPeak::default())?;
            let weights_s = model.load_timings().weights_s;
            let most = model.memory().weights_bytes();
            drop(model);
            let (fresh_s, held) = read(&path, |file| read_fresh(file, most))?;
            drop(held);
            let (over_s, bytes) = read(&path, read_over)?;
            file_bytes = bytes;
            turns.push([weights_s, fresh_s, over_s]);
        }
        let [weights_alone_s, read_fresh_s, read_s] =
            [0, 1, 2].map(|i: usize| median(turns.iter().map(|turn| turn[i])).0);
        Ok(Self {
            file_bytes,
            weights_alone_s,
            read_fresh_s,
            read_s,
        })
    }

    /// All on one line, for people.
    pub fn text(&self) -> String {
        format!(
            "in {TURNS} turns, medians: weights alone {:.3}; one thread reads the {:.1} MiB of the file into fresh memory in \
             {:.3}, over and over into one MiB in {:.3} s\n",
            self.weights_alone_s,
            self.file_bytes as f64 / f64::from(1 << 20),
            self.read_fresh_s,
            self.read_s
        )
    }
}

/// Seconds that it takes, and what comes of it, let go of behind that. The loads before have brought the file to the page
/// cache, if it fits there.
fn read<T>(path: &Path, read: impl FnOnce(&mut File) -> io::Result<T>) -> Result<(f64, T)> {
    let named = |source| lorgnette::Error::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(named)?;
    let start = Instant::now();
    let found = read(&mut file).map_err(named)?;
    Ok((start.elapsed().as_secs_f64(), found))
}

/// Reads all into the same memory, and counts.
fn read_over(file: &mut File) -> io::Result<u64> {
    let mut bytes = vec![1; 1 << 20];
    let mut total = 0;
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(total),
            length => total += length as u64,
        }
    }
}

/// Reads all into memory that the system has to find and clear first, and holds about `most` bytes of it, as a model of
/// which layers are streamed may be smaller than its file.
fn read_fresh(file: &mut File, most: u64) -> io::Result<Vec<Vec<u8>>> {
    // So large that the usual allocators have each from the system.
    const PIECE: u64 = 64 << 20;
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        if held.len() as u64 * PIECE > most {
            held.clear();
        }
        let mut bytes = Vec::with_capacity(PIECE as usize);
        if file.take(PIECE).read_to_end(&mut bytes)? == 0 {
            return Ok(held);
        }
        held.push(bytes);
    }
}
