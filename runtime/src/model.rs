//! A model: its weights on the device, and everything its sessions share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use lorgnette_shaders::{Program, Shader};

use crate::blueprint::{Blueprint, LoadOptions};
use crate::formats::{Checkpoint, Source};
use crate::memory::MemoryPlan;
use crate::models::Config;
use crate::player::Player;
use crate::present::{Present, Trim};
use crate::realize::{LoadTimings, Progress, Watch, load_cpu, load_gpu, programs};
use crate::runtime::Runtime;
use crate::session::Session;
use crate::{ChatTemplate, Result, Tokenizer, text};

/// A loaded model. Cloning it is cheap and gives the same model; it can be shared between threads.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub runtime: Runtime,
    pub tokenizer: Tokenizer,
    pub template: Option<ChatTemplate>,
    pub blueprint: Blueprint,
    pub timings: LoadTimings,
    /// What of it is on the player.
    pub present: Present,
    /// Where its weights are, to be read again.
    checkpoint: Arc<Checkpoint>,
    /// What plays each shader on this device; none without a GPU.
    programs: HashMap<Shader, Program>,
}

impl Model {
    /// Loads a GGUF file of the `llama` architecture onto the runtime's device: from a path, an open file, or a part of one.
    /// The file stays open as long as the model lives, and must not be written to.
    ///
    /// # Errors
    /// Whatever is wrong with the file or does not fit the device; nothing stays allocated then.
    pub fn load(
        runtime: &Runtime,
        source: impl Into<Source>,
        options: &LoadOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<Self> {
        let start = Instant::now();
        let mut part = start;
        let mut timings = LoadTimings::default();
        let checkpoint = Arc::new(Checkpoint::from_source(source.into())?);
        let options = options.on(runtime.profile());
        let blueprint = Blueprint::new(&checkpoint, &options, runtime.max_binding_bytes())?;
        timings.open_s = lap(&mut part);
        let tokenizer = text::tokenizer(checkpoint.metadata())?;
        let template = text::chat_template(checkpoint.metadata(), &tokenizer)?;
        expect_vocabulary(&tokenizer, &blueprint.config)?;
        timings.text_s = lap(&mut part);
        let mut chosen = HashMap::new();
        let player = match runtime.gpu() {
            Some(gpu) => {
                let mut watched = |now: Progress| {
                    timings.tried = now.total;
                    progress(now);
                };
                chosen = programs(runtime, &blueprint, &mut watched)?;
                timings.trials_s = lap(&mut part);
                let mut watch = Watch {
                    progress: &mut progress,
                    given_up: &|| false,
                };
                Player::Gpu(load_gpu(
                    &gpu,
                    &chosen,
                    &checkpoint,
                    &blueprint,
                    &mut timings,
                    &mut watch,
                )?)
            }
            None => {
                let player = load_cpu(&checkpoint, &blueprint, &mut progress)?;
                timings.weights_s = lap(&mut part);
                Player::Cpu(player)
            }
        };
        timings.load_s = start.elapsed().as_secs_f64();
        Ok(Self {
            shared: Arc::new(Shared {
                runtime: runtime.clone(),
                tokenizer,
                template,
                blueprint,
                timings,
                present: Present::new(player),
                checkpoint,
                programs: chosen,
            }),
        })
    }

    /// The model's numbers.
    pub fn config(&self) -> &Config {
        &self.shared.blueprint.config
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.shared.tokenizer
    }

    /// Its chat template, if the file has one.
    pub fn chat_template(&self) -> Option<&ChatTemplate> {
        self.shared.template.as_ref()
    }

    /// Its plans and where its bytes are.
    pub fn blueprint(&self) -> &Blueprint {
        &self.shared.blueprint
    }

    /// Where its bytes are.
    pub fn memory(&self) -> &MemoryPlan {
        &self.shared.blueprint.memory
    }

    /// The runtime it was loaded on.
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// Seconds that the load took.
    pub fn load_s(&self) -> f64 {
        self.shared.timings.load_s
    }

    /// What the parts of the load took.
    pub fn load_timings(&self) -> &LoadTimings {
        &self.shared.timings
    }

    /// A new, empty session.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if its keys and values cannot be had.
    pub fn session(&self) -> Result<Session> {
        Session::new(self.clone())
    }

    /// Gives memory back, in steps, and says how many bytes of buffers: those of its sessions that are not in the middle of
    /// an answer, then its own too, where no session is. Nothing is forgotten: what is used again is made again, from the
    /// file and the tokens that were read, and answers are the same.
    pub fn trim(&self, level: Trim) -> u64 {
        let bytes = self.shared.present.trim(level);
        self.shared.runtime.settle();
        bytes
    }
}

impl Shared {
    /// The player made again, as it was loaded; a device that was lost is opened anew before.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Cancelled`] where it is given up, and where the file is not what it
    /// was or there is no memory any more.
    pub fn realize(&self, given_up: &dyn Fn() -> bool) -> Result<Player> {
        self.checkpoint.expect_unchanged()?;
        let progress: &mut dyn FnMut(Progress) = &mut |_| ();
        match self.runtime.revived()? {
            Some(gpu) => {
                let player = load_gpu(
                    &gpu,
                    &self.programs,
                    &self.checkpoint,
                    &self.blueprint,
                    &mut LoadTimings::default(),
                    &mut Watch { progress, given_up },
                );
                gpu.blamed(player).map(Player::Gpu)
            }
            None => load_cpu(&self.checkpoint, &self.blueprint, progress).map(Player::Cpu),
        }
    }
}

/// Seconds since the last lap.
fn lap(since: &mut Instant) -> f64 {
    let before = std::mem::replace(since, Instant::now());
    since.duration_since(before).as_secs_f64()
}

/// An id that the model can choose must have a token, and a token that text encodes to must have a row.
fn expect_vocabulary(tokenizer: &Tokenizer, config: &Config) -> Result<()> {
    if tokenizer.len() == config.vocabulary {
        return Ok(());
    }
    Err(crate::Error::Format {
        what: "tokenizer.ggml.tokens".into(),
        expected: format!(
            "{} tokens, one for each row of token_embd.weight",
            config.vocabulary
        ),
        found: tokenizer.len().to_string(),
    })
}
