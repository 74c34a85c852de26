//! `--speculate`: a session that drafts. A draft model is loaded first, and what it takes is taken off the budget.

use lorgnette::formats::Checkpoint;
use lorgnette::{Blueprint, Budget, LoadOptions, Runtime, Session, Speculation};

use crate::args::{File, Load};
use crate::load::{self, AllocatorPeak};
use crate::output::Result;

#[derive(Debug, clap::Args)]
pub struct Speculate {
    /// Drafts tokens and checks several at once; answers are the same. `lookup` drafts from the text so far, for
    /// answers that quote it; a smaller model with the same vocabulary, FILE-or-NAME, drafts what it would say, within
    /// the same budget
    #[arg(long, value_name = "lookup|MODEL|off", default_value = "off")]
    speculate: String,
}

impl Speculate {
    /// The model that `load` names, with a session on it. `peak` sees every chunk go by.
    pub fn session(
        &self,
        load: &Load,
        context: Option<u32>,
        peak: &mut AllocatorPeak,
    ) -> Result<Session> {
        let runtime = load.device.runtime()?;
        let path = load.file.path()?;
        let mut options = LoadOptions {
            speculation: self.speculate != "off",
            ..load.options(context)
        };
        let speculation = match self.speculate.as_str() {
            "off" => Speculation::Off,
            "lookup" => Speculation::Lookup,
            name => {
                let session = draft(&runtime, name, &options, peak)?;
                let bytes = session.model().memory().total(1);
                log::info!("the draft model takes {bytes} bytes of the budget");
                if let Some(budget) = &mut options.budget {
                    budget.bytes = budget.bytes.saturating_sub(bytes);
                }
                Speculation::Model(Box::new(session))
            }
        };
        let mut session = load::model(&runtime, &path, &options, peak)?.session()?;
        session.set_speculation(speculation)?;
        Ok(session)
    }
}

/// A session of the draft model, as long as that of the other one where it can be.
fn draft(
    runtime: &Runtime,
    name: &str,
    options: &LoadOptions,
    peak: &mut AllocatorPeak,
) -> Result<Session> {
    let path = File::named(name).path()?;
    let binding = runtime.max_binding_bytes();
    let usual = LoadOptions::default();
    let blueprint = Blueprint::new(&Checkpoint::open(&path)?, &usual, binding)?;
    let most = blueprint.config.trained_context;
    let options = LoadOptions {
        context: options.context.map(|context| context.min(most)),
        budget: options.budget.as_ref().map(|all| Budget::bytes(all.bytes)),
        speculation: false,
        ..options.clone()
    };
    Ok(load::model(runtime, &path, &options, peak)?.session()?)
}
