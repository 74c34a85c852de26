//! Cases of kernels that go through rows of activations or of logits.

use super::{Case, GUARD, Noise, Values, shader};
use crate::draw::Draw;
use crate::kernel::{Parts, Step};
use crate::kernels::{add, argmax, choose, peaks, rms_norm, score, swiglu};

/// Rows of activations.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Columns, a multiple of 4.
    pub cols: usize,
    /// Rows of the step.
    pub count: usize,
    /// Of the numbers.
    pub size: f32,
}

impl Rows {
    fn step(&self) -> Step {
        Step::new(11, self.count as u32)
    }

    fn quads(&self) -> u32 {
        self.cols as u32 / 4
    }

    /// RMSNorm of every row, or of the last one only.
    pub fn rms_norm(&self, last_only: bool) -> Case {
        let params = rms_norm::Params {
            quads: self.quads(),
            last_only: last_only.into(),
            epsilon: 1e-5,
            unused: 0,
        };
        let mut noise = Noise::new(6);
        let x = noise.f32s(self.count * self.cols, self.size);
        let gain = noise.f32s(self.cols, 1.5);
        let out = vec![GUARD; self.count * self.cols];
        let shader = shader(&rms_norm::KERNEL, Parts::default());
        let what = (self, if last_only { "last row" } else { "all rows" });
        Case::new(&what, shader, params, self.step(), vec![x, gain, out])
    }

    /// Gate and up of `cols` each.
    pub fn swiglu(&self) -> Case {
        let params = swiglu::Params {
            quads: self.quads(),
            ..Default::default()
        };
        let gate_up = Noise::new(7).f32s(self.count * self.cols * 2, self.size);
        let out = vec![GUARD; self.count * self.cols];
        let shader = shader(&swiglu::KERNEL, Parts::default());
        Case::new(self, shader, params, self.step(), vec![gate_up, out])
    }

    /// The residual addition.
    pub fn add(&self) -> Case {
        let params = add::Params {
            quads: self.quads(),
            ..Default::default()
        };
        let mut noise = Noise::new(8);
        let mut rows = || noise.f32s(self.count * self.cols, self.size);
        let shader = shader(&add::KERNEL, Parts::default());
        let mut case = Case::new(self, shader, params, self.step(), vec![rows(), rows()]);
        case.nmse = 0.0;
        case
    }
}

/// Logits of one or more rows.
#[derive(Clone, Debug)]
pub struct Logits<'a> {
    /// What is special about them.
    pub what: &'a str,
    /// Row by row.
    pub rows: Vec<Vec<f32>>,
    /// Of the step's first row.
    pub position: usize,
}

impl Logits<'_> {
    fn words(&self) -> Vec<u32> {
        self.rows.iter().flatten().map(|v| v.to_bits()).collect()
    }

    fn vocabulary(&self) -> u32 {
        self.rows[0].len() as u32
    }

    fn describe(&self) -> String {
        let (rows, position) = (self.rows.len(), self.position);
        let vocabulary = self.vocabulary();
        format!("{} {rows} x {vocabulary} at {position}", self.what)
    }

    /// The greedy id of the first row, of a step of `count` rows, goes to this word of the ids, which are as few as the
    /// step needs: a later position goes round.
    pub fn next_id(&self, count: usize) -> usize {
        (self.position + count) % (count + 1)
    }

    /// The greedy id of the first row, of a step of `count` rows.
    pub fn argmax(&self, count: usize) -> Case {
        let params = argmax::Params {
            vocabulary: self.vocabulary(),
            ids: count as u32 + 1,
            ..Default::default()
        };
        let mut ids: Vec<u32> = (0..=count as u32).collect();
        // Not the guard: the result may be any word.
        ids[self.next_id(count)] = 0x1234_5678;
        let step = Step::new(self.position as u32, count as u32);
        let shader = shader(&argmax::KERNEL, Parts::default());
        let buffers = vec![self.words(), ids];
        let mut case = Case::new(&self.describe(), shader, params, step, buffers);
        case.values = Values::Words;
        case
    }

    /// The peaks of the first row.
    pub fn peaks(&self) -> Case {
        let params = peaks::Params {
            vocabulary: self.vocabulary(),
            ..Default::default()
        };
        let slices = self.rows[0].len().div_ceil(peaks::SLICE);
        let buffers = vec![self.words(), vec![GUARD; 2 * slices]];
        let shader = shader(&peaks::KERNEL, Parts::default());
        let step = Step::new(self.position as u32, 1);
        let mut case = Case::new(&self.describe(), shader, params, step, buffers);
        case.values = Values::Words;
        case
    }

    /// The id that is drawn from the first row, of a step of `count` rows.
    pub fn choose(&self, count: usize, draw: Draw) -> Case {
        let params = choose::Params {
            vocabulary: self.vocabulary(),
            ids: count as u32 + 1,
            ..Default::default()
        };
        let peaks = self.peaks().expected().swap_remove(1);
        let slices = self.rows[0].len().div_ceil(peaks::SLICE);
        let mut ids: Vec<u32> = (0..=count as u32).collect();
        ids[self.next_id(count)] = 0x1234_5678;
        let step = Step {
            draw,
            ..Step::new(self.position as u32, count as u32)
        };
        let shader = shader(&choose::KERNEL, Parts::default());
        let buffers = vec![self.words(), peaks[..2 * slices].to_vec(), ids];
        let what = (self.describe(), draw);
        let mut case = Case::new(&what, shader, params, step, buffers);
        case.values = Values::Words;
        case
    }

    /// The score of every row, for ids that follow the rows' own.
    pub fn score(&self) -> Case {
        let slots = self.rows.len() + 1;
        let params = score::Params {
            vocabulary: self.vocabulary(),
            ids: slots as u32,
            ..Default::default()
        };
        let mut noise = Noise::new(9);
        let ids = (0..slots)
            .map(|_| noise.bits() % self.vocabulary())
            .collect();
        let out = vec![GUARD; self.rows.len() * 4];
        let step = Step::new(self.position as u32, self.rows.len() as u32);
        let shader = shader(&score::KERNEL, Parts::default());
        let buffers = vec![self.words(), ids, out];
        let mut case = Case::new(&self.describe(), shader, params, step, buffers);
        case.values = Values::Scores;
        case
    }
}
