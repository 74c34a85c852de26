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
    /// Seconds of dispatches of a common size, where there was a choice to be made.
    pub seconds: Option<f64>,
    /// Whether the time for measuring was up when it came to this one.
    pub time_up: bool,
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
            time_up: false,
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
            "time_up": self.time_up,
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
            time_up: value["time_up"].as_bool()?,
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
            (finding.seconds, finding.time_up) = (Some(seconds), false);
        }
    }

    /// Writes down that the time was up before it was known how long a dispatch takes.
    pub fn time_up(&mut self, program: &Program) {
        if let Some(finding) = self.findings.get_mut(&program.label()) {
            finding.time_up = true;
        }
    }

    pub fn is(&self, program: &Program, outcome: Outcome) -> bool {
        self.of(program).is_some_and(|f| f.outcome == outcome)
    }

    /// The right programs among the candidates that still need a time, if there is more than one right one. Those for
    /// which the time was up are among them where there is `time_now`.
    pub fn untimed(&self, candidates: &[Program], time_now: bool) -> Vec<Program> {
        let right = candidates.iter().filter(|p| self.is(p, Outcome::Right));
        let right: Vec<Program> = right.copied().collect();
        let timed = |p: &Program| {
            let finding = self.of(p);
            finding.is_some_and(|f| f.seconds.is_some() || (f.time_up && !time_now))
        };
        match right.len() {
            0 | 1 => Vec::new(),
            _ => right.into_iter().filter(|p| !timed(p)).collect(),
        }
    }

    /// The first right candidate, or where they are `timed`, all of them, the fastest.
    pub fn choose(&self, candidates: &[Program], timed: bool) -> Option<Program> {
        let right = || candidates.iter().filter(|p| self.is(p, Outcome::Right));
        let seconds = |p: &Program| self.of(p).and_then(|finding| finding.seconds);
        let all: Option<Vec<f64>> = right().map(seconds).collect();
        match all.filter(|_| timed) {
            // Of equal ones the first: the most wanted.
            Some(seconds) => std::iter::zip(right(), seconds)
                .min_by(|(_, a), (_, b)| a.total_cmp(b))
                .map(|(program, _)| *program),
            None => right().next().copied(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use lorgnette_shaders::shaders;

    /// The variants of a kernel with two, all right, with these times.
    fn timed(seconds: [Option<f64>; 2]) -> (Verdict, Vec<Program>) {
        let shaders = shaders();
        let shader = shaders.iter().find(|s| s.kernel.variants.len() > 1);
        let programs: Vec<Program> = shader.expect("a choice").programs().take(2).collect();
        let mut verdict = Verdict::default();
        for (program, seconds) in programs.iter().zip(seconds) {
            let finding = Finding::new(program, Outcome::Right, 1e-14, "");
            verdict.put(program, Finding { seconds, ..finding });
        }
        (verdict, programs)
    }

    #[test]
    fn the_fastest_right_one_is_chosen_and_in_order_the_first() {
        let (verdict, programs) = timed([Some(2e-3), Some(1e-3)]);
        assert_eq!(verdict.choose(&programs, true), Some(programs[1]));
        assert_eq!(verdict.choose(&programs, false), Some(programs[0]));
        let (mut verdict, programs) = timed([Some(1e-3), Some(1e-3)]);
        assert_eq!(verdict.choose(&programs, true), Some(programs[0]), "a tie");
        verdict.bar(&programs[0], "gone");
        assert_eq!(verdict.choose(&programs, true), Some(programs[1]));
        verdict.bar(&programs[1], "gone");
        assert_eq!(verdict.choose(&programs, true), None);
    }

    #[test]
    fn only_a_choice_needs_times() {
        let (mut verdict, programs) = timed([None, Some(1e-3)]);
        assert_eq!(verdict.untimed(&programs, false), [programs[0]]);
        verdict.time(&programs[0], 5e-4);
        assert!(verdict.untimed(&programs, false).is_empty());
        let (mut verdict, programs) = timed([None, None]);
        verdict.bar(&programs[0], "gone");
        assert!(verdict.untimed(&programs, true).is_empty(), "one is left");
    }

    #[test]
    fn without_time_for_all_the_first_right_one_is_chosen() {
        let (mut verdict, programs) = timed([None, Some(1e-3)]);
        verdict.time_up(&programs[0]);
        assert_eq!(verdict.choose(&programs, true), Some(programs[0]));
        assert!(
            verdict.untimed(&programs, false).is_empty(),
            "nothing is open"
        );
        assert_eq!(verdict.untimed(&programs, true), [programs[0]]);
        let text = verdict.to_json("here").to_string();
        assert_eq!(Verdict::from_json(&text, "here"), Some(verdict.clone()));
        verdict.time(&programs[0], 2e-3);
        assert_eq!(verdict.choose(&programs, true), Some(programs[1]));
        assert!(verdict.untimed(&programs, true).is_empty());
    }

    #[test]
    fn what_is_written_is_read_and_losses_add_up() {
        let (mut verdict, programs) = timed([None, Some(1e-3)]);
        verdict.bar(&programs[0], "gone");
        verdict.bar(&programs[0], "gone again");
        assert_eq!(verdict.of(&programs[0]).map(|f| f.losses), Some(2));
        let text = verdict.to_json("here").to_string();
        assert_eq!(Verdict::from_json(&text, "here"), Some(verdict));
        assert_eq!(Verdict::from_json(&text, "there"), None);
    }
}
