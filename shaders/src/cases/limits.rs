//! Cases of the kernels that measure a device, of any size: small ones show that they are right, large ones what the
//! device can do.

use super::{Case, GUARD, Noise, Values, shader};
use crate::kernel::{Parts, Step};
use crate::kernels::{multiply, sweep};

/// A buffer that is read once.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Workgroups.
    pub groups: usize,
    /// 16-byte units that a lane reads: a multiple of 4.
    pub rounds: usize,
}

impl Sweep {
    /// Bytes that a workgroup of so many rounds reads.
    pub const fn group_bytes(rounds: usize) -> usize {
        sweep::LANES * rounds * 16
    }

    /// Bytes that are read.
    pub const fn bytes(&self) -> u64 {
        (self.groups * Self::group_bytes(self.rounds)) as u64
    }

    /// The case.
    pub fn case(&self) -> Case {
        let params = sweep::Params {
            groups: self.groups as u32,
            rounds: self.rounds as u32,
            ..Default::default()
        };
        let mut noise = Noise::new(12);
        let words = self.bytes() as usize / 4;
        let x = (0..words).map(|_| noise.bits()).collect();
        let out = vec![GUARD; self.groups * sweep::LANES];
        let shader = shader(&sweep::KERNEL, Parts::default());
        let mut case = Case::new(self, shader, params, Step::new(0, 1), vec![x, out]);
        case.values = Values::Words;
        case
    }
}

/// A product of plain f32 matrices.
#[derive(Clone, Copy, Debug)]
pub struct Multiply {
    /// Rows of the first.
    pub count: usize,
    /// Columns of the first, rows of the second: a multiple of 4.
    pub depth: usize,
    /// Columns of the second: a multiple of 4.
    pub cols: usize,
}

impl Multiply {
    /// Additions and multiplications.
    pub const fn operations(&self) -> u64 {
        2 * (self.count * self.depth * self.cols) as u64
    }

    /// The case.
    pub fn case(&self) -> Case {
        let params = multiply::Params {
            depth: self.depth as u32 / 4,
            quads: self.cols as u32 / 4,
            ..Default::default()
        };
        let mut noise = Noise::new(13);
        let x = noise.f32s(self.count * self.depth, 1.0);
        let w = noise.f32s(self.depth * self.cols, 0.02);
        let out = vec![GUARD; self.count * self.cols];
        let shader = shader(&multiply::KERNEL, Parts::default());
        let step = Step::new(0, self.count as u32);
        Case::new(self, shader, params, step, vec![x, w, out])
    }
}
