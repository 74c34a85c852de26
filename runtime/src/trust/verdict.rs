//! What was found out about programs on one device, which of them to use, and how that is written down. Pure data: it
//! plays nothing and opens no file.

use std::collections::BTreeMap;

use lorgnette_shaders::Program;
use serde_json::{Map, Value, json};

/// What came of a program on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It computes as the reference says, but for rounding.
    Right,
    /// It computes something else.
    Wrong,
    /// The device did not compile or play it.
    Refused,
    /// While it was tried, the process ended or the device was lost.
    Barred,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Refused, Self::Barred];

    /// `right`, `wrong`, `refused` or `barred`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
            Self::Barred => "barred",
        }
    }
}

/// What was found out about a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether it can be used.
    pub outcome: Outcome,
    /// The worst case: mean squared error over the mean square of what was expected.
    pub nmse: f64,
    /// Seconds of one dispatch of a common size, where there was a choice to be made.
    pub seconds: Option<f64>,
    /// What is wrong, empty where nothing is.
    pub message: String,
    /// How often it did not come back.
    pub losses: u32,
    /// Of the source that was tried: another source is another program.
    pub(crate) fingerprint: u64,
}

impl Finding {
    /// A finding without a time. The message is brought to one line: compilers answer in several.
    pub(crate) fn new(program: &Program, outcome: Outcome, nmse: f64, message: &str) -> Self {
        let lines = message
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        Self {
            outcome,
            nmse,
            seconds: None,
            message: lines.collect::<Vec<_>>().join("; "),
            losses: 0,
            fingerprint: program.fingerprint(),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "outcome": self.outcome.name(),
            "nmse": self.nmse,
            "seconds": self.seconds,
            "message": self.message,
            "losses": self.losses,
            "fingerprint": format!("{:016x}", self.fingerprint),
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let outcome = value["outcome"].as_str()?;
        let seconds = match &value["seconds"] {
            Value::Null => None,
            // A time of nothing would win every choice.
            seconds => Some(seconds.as_f64().filter(|seconds| *seconds > 0.0)?),
        };
        Some(Self {
            outcome: Outcome::ALL.into_iter().find(|o| o.name() == outcome)?,
            nmse: value["nmse"].as_f64()?,
            seconds,
            message: value["message"].as_str()?.to_owned(),
            losses: u32::try_from(value["losses"].as_u64()?).ok()?,
            fingerprint: u64::from_str_radix(value["fingerprint"].as_str()?, 16).ok()?,
        })
    }
}

/// The findings about one device, by the label of the program.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    findings: BTreeMap<String, Finding>,
}

impl Verdict {
    /// What is known of a program as it is written today.
    pub fn of(&self, program: &Program) -> Option<&Finding> {
        self.findings
            .get(&program.label())
            .filter(|finding| finding.fingerprint == program.fingerprint())
    }

    /// Writes down what was found, with how often it had not come back before.
    pub fn put(&mut self, program: &Program, mut finding: Finding) {
        finding.losses += self.of(program).map_or(0, |before| before.losses);
        self.findings.insert(program.label(), finding);
    }

    /// Writes down that a program did not come back.
    pub fn bar(&mut self, program: &Program, why: &str) {
        let mut finding = Finding::new(program, Outcome::Barred, 0.0, why);
        finding.losses = 1;
        self.put(program, finding);
    }

    /// Writes down how long a dispatch took.
    pub fn time(&mut self, program: &Program, seconds: f64) {
        if let Some(finding) = self.findings.get_mut(&program.label()) {
            finding.seconds = Some(seconds);
        }
    }

    pub fn is(&self, program: &Program, outcome: Outcome) -> bool {
        self.of(program).is_some_and(|f| f.outcome == outcome)
    }

    /// The right programs among the candidates that still need a time, if there is more than one right one.
    pub fn untimed(&self, candidates: &[Program]) -> Vec<Program> {
        let right = candidates.iter().filter(|p| self.is(p, Outcome::Right));
        let right: Vec<Program> = right.copied().collect();
        let timed = |p: &Program| self.of(p).is_some_and(|f| f.seconds.is_some());
        match right.len() {
            0 | 1 => Vec::new(),
            _ => right.into_iter().filter(|p| !timed(p)).collect(),
        }
    }

    /// The first right candidate, or where they are `timed` the fastest.
    pub fn choose(&self, candidates: &[Program], timed: bool) -> Option<Program> {
        let right = candidates.iter().filter(|p| self.is(p, Outcome::Right));
        let seconds = |p: &Program| match (timed, self.of(p)) {
            (true, Some(finding)) => finding.seconds.unwrap_or(f64::INFINITY),
            _ => 0.0,
        };
        // Of equal ones the first: the most wanted.
        right
            .min_by(|a, b| seconds(a).total_cmp(&seconds(b)))
            .copied()
    }

    /// As it is written to a file, for a device.
    pub fn to_json(&self, device: &str) -> Value {
        let pairs = self.findings.iter();
        let findings: Map<_, _> = pairs
            .map(|(label, f)| (label.clone(), f.to_json()))
            .collect();
        json!({ "device": device, "findings": findings })
    }

    /// Back from a file's text; nothing from one that is broken or of another device.
    pub fn from_json(text: &str, device: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        if value["device"] != device {
            return None;
        }
        let pairs = value["findings"].as_object()?.iter();
        let findings = pairs.map(|(label, f)| Some((label.clone(), Finding::from_json(f)?)));
        Some(Self {
            findings: findings.collect::<Option<_>>()?,
        })
    }
}
