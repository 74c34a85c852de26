//! Where a step's time goes: its dispatches grouped by what they are in every layer, with what each group must do and
//! what it took, as shares of what the device can do. Only for `bench`.

use lorgnette::{Lap, Laps, Session, Work};
use serde::Serialize;

use crate::output::{Result, bytes, table};

/// What the device does at most, as it was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    pub read_bytes_per_s: f64,
    pub matmul_operations_per_s: f64,
}

impl Limits {
    /// Percent of the bandwidth and of the mat-mul rate that work of so many seconds is.
    fn percent(self, work: Work, seconds: f64) -> [f64; 2] {
        let share = |amount: u64, rate: f64| 100.0 * amount as f64 / rate / seconds;
        [
            share(work.bytes, self.read_bytes_per_s),
            share(work.operations, self.matmul_operations_per_s),
        ]
    }
}

/// The device's limits, and where a decoded token (at the middle of the answer) and the prompt spend their time.
#[derive(Debug, Serialize)]
pub struct Measured {
    #[serde(flatten)]
    limits: Limits,
    /// Of the buffer that was read.
    read_bytes: u64,
    /// Rows of the first matrix, columns of the first, columns of the second.
    matmul_shape: [usize; 3],
    matmul_program: String,
    /// Whether the device's own clock was used for each kernel.
    timestamps: bool,
    decode: Profiled,
    prefill: Profiled,
}

/// How often a step's kernels are measured.
const LAPS: usize = 3;

impl Measured {
    /// Measures behind an answer of `generate` tokens to a prompt of these ids, which went at this speed; the session is
    /// empty afterwards.
    pub fn new(
        session: &mut Session,
        [prefill_tokens_per_s, decode_tokens_per_s]: [f64; 2],
        ids: &[u32],
        generate: u32,
    ) -> Result<Option<Self>> {
        let model = session.model().clone();
        let Some(roofline) = model.runtime().roofline()? else {
            return Ok(None);
        };
        let limits = Limits {
            read_bytes_per_s: roofline.read_bytes_per_s,
            matmul_operations_per_s: roofline.matmul_operations_per_s,
        };
        let (blueprint, prompt) = (model.blueprint(), ids.len() as u32);
        let middle = prompt + generate / 2;
        session.truncate(middle as usize);
        let decode = Profiled::new(
            limits,
            blueprint.decode_work(middle),
            1.0 / decode_tokens_per_s,
            &session.laps(&ids[..1], LAPS)?,
        );
        session.truncate(0);
        let chunk = ids.len().min(session.most_rows());
        let prefill = Profiled::new(
            limits,
            blueprint.prefill_work(prompt),
            f64::from(prompt) / prefill_tokens_per_s,
            &session.laps(&ids[..chunk], LAPS)?,
        );
        Ok(Some(Self {
            limits,
            read_bytes: roofline.read_bytes,
            matmul_shape: roofline.matmul_shape,
            matmul_program: roofline.matmul_program,
            timestamps: model.runtime().has_timestamps(),
            decode,
            prefill,
        }))
    }

    /// For people.
    pub fn text(&self) -> String {
        let [rows, depth, cols] = self.matmul_shape;
        let (limits, clock) = (
            &self.limits,
            if self.timestamps {
                "timestamps"
            } else {
                "waiting"
            },
        );
        format!(
            "reads {:.2} GB/s of {}; multiplies {rows} x {depth} by {depth} x {cols} f32 at {:.2} GFLOP/s ({})\n\
             \ndecode: {} and {:.2} GFLOP a token, {:.1}% of the bandwidth; kernels, by {clock}:\n{}\
             \nprefill: {} and {:.2} GFLOP, {:.1}% of the mat-mul rate; kernels of a chunk:\n{}",
            limits.read_bytes_per_s / 1e9,
            bytes(self.read_bytes),
            limits.matmul_operations_per_s / 1e9,
            self.matmul_program,
            bytes(self.decode.bytes),
            self.decode.operations as f64 / 1e9,
            self.decode.percent_of_bandwidth,
            self.decode.table(),
            bytes(self.prefill.bytes),
            self.prefill.operations as f64 / 1e9,
            self.prefill.percent_of_matmul,
            self.prefill.table(),
        )
    }
}

/// One step, or the whole prompt.
#[derive(Debug, Serialize)]
pub struct Profiled {
    /// What it must read and write of weights, keys and values.
    pub bytes: u64,
    pub operations: u64,
    /// What it takes from end to end.
    pub seconds: f64,
    pub percent_of_bandwidth: f64,
    pub percent_of_matmul: f64,
    /// What the dispatches of one step took together.
    pub kernels_seconds: f64,
    pub kernels: Vec<Kernel>,
}

/// Dispatches that are the same in every layer.
#[derive(Debug, Serialize)]
pub struct Kernel {
    pub what: String,
    pub program: String,
    pub dispatches: usize,
    pub seconds: f64,
    pub bytes: u64,
    pub operations: u64,
    pub percent_of_bandwidth: f64,
    pub percent_of_matmul: f64,
}

impl Profiled {
    /// `work` took `seconds` from end to end; `laps` are one step of it.
    pub fn new(limits: Limits, work: Work, seconds: f64, laps: &Laps) -> Self {
        let [percent_of_bandwidth, percent_of_matmul] = limits.percent(work, seconds);
        Self {
            bytes: work.bytes,
            operations: work.operations,
            seconds,
            percent_of_bandwidth,
            percent_of_matmul,
            kernels_seconds: laps.seconds(),
            kernels: grouped(limits, &laps.laps),
        }
    }

    /// The groups, the longest first.
    pub fn table(&self) -> String {
        let heads = [
            "kernel",
            "program",
            "times",
            "ms",
            "time",
            "bandwidth",
            "mat-mul",
        ];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        rows.extend(self.kernels.iter().map(|kernel| {
            let share = 100.0 * kernel.seconds / self.kernels_seconds;
            vec![
                kernel.what.clone(),
                kernel.program.clone(),
                kernel.dispatches.to_string(),
                format!("{:.3}", kernel.seconds * 1e3),
                format!("{share:.1}%"),
                percent(kernel.percent_of_bandwidth),
                percent(kernel.percent_of_matmul),
            ]
        }));
        table(&rows, 2)
    }
}

/// Nothing where there is nothing to do of the kind.
fn percent(percent: f64) -> String {
    match percent == 0.0 {
        true => "-".to_owned(),
        false => format!("{percent:.1}%"),
    }
}

fn grouped(limits: Limits, laps: &[Lap]) -> Vec<Kernel> {
    let mut kernels: Vec<Kernel> = Vec::new();
    for lap in laps {
        let what = without_layer(&lap.label);
        let same = |kernel: &&mut Kernel| kernel.what == what && kernel.program == lap.program;
        let at = kernels.iter_mut().find(same);
        match at {
            Some(kernel) => {
                kernel.dispatches += 1;
                kernel.seconds += lap.seconds;
                kernel.bytes += lap.work.bytes;
                kernel.operations += lap.work.operations;
            }
            None => kernels.push(Kernel {
                what: what.to_owned(),
                program: lap.program.clone(),
                dispatches: 1,
                seconds: lap.seconds,
                bytes: lap.work.bytes,
                operations: lap.work.operations,
                percent_of_bandwidth: 0.0,
                percent_of_matmul: 0.0,
            }),
        }
    }
    for kernel in &mut kernels {
        let (bytes, operations) = (kernel.bytes, kernel.operations);
        let percents = limits.percent(Work { bytes, operations }, kernel.seconds);
        [kernel.percent_of_bandwidth, kernel.percent_of_matmul] = percents;
    }
    kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    kernels
}

/// `layer 3 attn_norm` is `attn_norm` in every layer.
fn without_layer(label: &str) -> &str {
    let rest = label.strip_prefix("layer ");
    let name = rest.and_then(|rest| Some(rest.split_once(' ')?.1));
    name.unwrap_or(label)
}
