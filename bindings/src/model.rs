//! A model: its weights on the device, its tokenizer, its figures.

use std::sync::Arc;

use crate::{
    KvFormat, LoadOptions, Memory, Message, PlanFigures, Prompt, Result, Runtime, Session, Source,
    Trim,
};

/// What a load is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Stage {
    /// Trying kernels that this device was not tried with yet; counted in shaders.
    Trials,
    /// Making pipelines, beside the weights; counted in programs.
    Pipelines,
    /// Bringing weights to the device; counted in bytes.
    Weights,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it.
    pub done: u64,
    /// Out of how much.
    pub total: u64,
}

impl From<lorgnette::Progress> for Progress {
    fn from(progress: lorgnette::Progress) -> Self {
        Self {
            stage: match progress.stage {
                lorgnette::Stage::Trials => Stage::Trials,
                lorgnette::Stage::Pipelines => Stage::Pipelines,
                lorgnette::Stage::Weights => Stage::Weights,
            },
            done: progress.done,
            total: progress.total,
        }
    }
}

impl Progress {
    /// Whole percents; all of nothing is done.
    fn percent(&self) -> u64 {
        (self.done * 100).checked_div(self.total).unwrap_or(100)
    }
}

/// Is told how far a load is: on the thread that loads, and no more than once for each percent of a stage.
#[uniffi::export(callback_interface)]
pub trait LoadProgress: Send + Sync {
    /// The load is as far as that.
    fn on_progress(&self, progress: Progress);
}

/// What the parts of a load took, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Record)]
pub struct LoadTimings {
    /// Opening the file, reading its header, drawing the plans.
    pub open_s: f64,
    /// Making the tokenizer and the chat template.
    pub text_s: f64,
    /// Trying kernels that the device was not tried with yet.
    pub trials_s: f64,
    /// Shaders that were tried.
    pub tried: u64,
    /// Making pipelines, beside the weights.
    pub pipelines_s: f64,
    /// Bringing weights to the device, beside the pipelines.
    pub weights_s: f64,
    /// All of it.
    pub load_s: f64,
}

/// A loaded model. Sessions share its weights; any thread may use it.
#[derive(Debug, uniffi::Object)]
pub struct Model(lorgnette::Model);

impl Model {
    pub(crate) fn inner(&self) -> &lorgnette::Model {
        &self.0
    }
}

#[uniffi::export]
impl Model {
    /// Loads a model. Nothing stays allocated where that fails.
    #[uniffi::constructor]
    pub fn load(
        runtime: &Runtime,
        source: Source,
        options: LoadOptions,
        progress: Option<Box<dyn LoadProgress>>,
    ) -> Result<Arc<Self>> {
        let source = source.open()?;
        let mut told = None;
        let report = |now: lorgnette::Progress| {
            let (Some(progress), now) = (&progress, Progress::from(now)) else {
                return;
            };
            let step = (now.stage, now.percent());
            if told != Some(step) {
                told = Some(step);
                progress.on_progress(now);
            }
        };
        let model = lorgnette::Model::load(runtime.inner(), source, &options.into(), report)?;
        Ok(Arc::new(Self(model)))
    }

    /// A new, empty session.
    pub fn session(&self) -> Result<Arc<Session>> {
        Ok(Arc::new(Session::new(&self.0)?))
    }

    /// Positions that a session can hold.
    pub fn context(&self) -> u32 {
        self.0.blueprint().context
    }

    /// How keys and values are stored.
    pub fn kv(&self) -> KvFormat {
        self.0.blueprint().kv.into()
    }

    /// Whether the file has a chat template, so that it can be asked with messages.
    pub fn has_chat_template(&self) -> bool {
        self.0.chat_template().is_some()
    }

    /// What was planned for it.
    pub fn figures(&self) -> PlanFigures {
        PlanFigures::of(self.0.blueprint())
    }

    /// Where its bytes are, planned and now.
    pub fn memory(&self) -> Memory {
        Memory::of(&self.0)
    }

    /// What the parts of its load took.
    pub fn load_timings(&self) -> LoadTimings {
        let timings = self.0.load_timings();
        LoadTimings {
            open_s: timings.open_s,
            text_s: timings.text_s,
            trials_s: timings.trials_s,
            tried: timings.tried,
            pipelines_s: timings.pipelines_s,
            weights_s: timings.weights_s,
            load_s: timings.load_s,
        }
    }

    /// Gives memory back, and says how many bytes. Waits for nobody: what is in use stays.
    pub fn trim(&self, level: Trim) -> u64 {
        self.0.trim(level.into())
    }

    /// How many tokens a prompt has.
    pub fn count_tokens(&self, prompt: Prompt) -> Result<u64> {
        Ok(prompt.encode(&self.0)?.len() as u64)
    }

    /// The token ids of a prompt.
    pub fn encode(&self, prompt: Prompt) -> Result<Vec<u32>> {
        prompt.encode(&self.0)
    }

    /// The text of token ids, without control tokens.
    pub fn decode(&self, ids: Vec<u32>) -> String {
        self.0.tokenizer().decode(&ids)
    }

    /// How many tokens every conversation that starts with these messages begins with: what a sliding session is to keep.
    pub fn opening_tokens(&self, messages: Vec<Message>) -> u32 {
        let messages: Vec<_> = messages.into_iter().map(Into::into).collect();
        self.0.opening_tokens(&messages)
    }
}
