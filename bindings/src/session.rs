//! A session: a conversation with a model. It makes one answer at a time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lorgnette::Canceller;

use crate::answer::idle;
use crate::inbox::Listener;
use crate::{Answer, AnswerOptions, Overflow, Pace, Prompt, Result, Speculation};

/// A sequence of tokens with its keys and values. All calls but [`Session::tokens`] are refused while an answer is made.
#[derive(Debug, uniffi::Object)]
pub struct Session {
    model: lorgnette::Model,
    session: Arc<Mutex<lorgnette::Session>>,
    canceller: Canceller,
}

impl Session {
    pub(crate) fn new(model: &lorgnette::Model) -> Result<Self> {
        let session = model.session()?;
        Ok(Self {
            model: model.clone(),
            canceller: session.canceller(),
            session: Arc::new(Mutex::new(session)),
        })
    }
}

#[uniffi::export]
impl Session {
    /// Begins an answer. What the prompt has in common with what the session has read is not computed again. Up to
    /// `ahead` tokens are made before [`Answer::next`] or [`Answer::pull`] asks for them, and one more where it takes at
    /// most one submit. With 0, what the GPU is given while the app is busy with what it has is one submit, also where
    /// no cancel can come. With more, an app that takes its time now and then does not keep the GPU waiting. `listener` is
    /// told of what comes, until the answer has ended.
    pub fn answer(
        &self,
        prompt: Prompt,
        options: AnswerOptions,
        ahead: u32,
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Arc<Answer>> {
        let (model, session) = (&self.model, self.session.clone());
        let (canceller, options) = (self.canceller.clone(), options.into());
        let answer = Answer::new(session, model, canceller, prompt, options, ahead, listener)?;
        Ok(Arc::new(answer))
    }

    /// The tokens that it has read, from the first.
    pub fn tokens(&self) -> Result<Vec<u32>> {
        Ok(idle(&self.session)?.ids().to_vec())
    }

    /// Forgets every token from `length` on.
    pub fn truncate(&self, length: u64) -> Result<()> {
        idle(&self.session)?.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Says what happens when the context is full. Where that is not what was said before, the session begins anew.
    pub fn set_overflow(&self, overflow: Overflow) -> Result<()> {
        Ok(idle(&self.session)?.set_overflow(overflow.into())?)
    }

    /// Says where drafted tokens come from, where the model was loaded for that.
    pub fn set_speculation(&self, speculation: Speculation) -> Result<()> {
        let speculation = match speculation {
            Speculation::Off => lorgnette::Speculation::Off,
            Speculation::Lookup => lorgnette::Speculation::Lookup,
            Speculation::Draft { model } => {
                lorgnette::Speculation::Model(Box::new(model.inner().session()?))
            }
        };
        Ok(idle(&self.session)?.set_speculation(speculation)?)
    }

    /// Keeps each piece of GPU work shorter than this, so that an app draws while the model thinks; unbounded without it.
    pub fn set_frame_budget(&self, budget: Option<Duration>) -> Result<()> {
        idle(&self.session)?.set_frame_budget(budget);
        Ok(())
    }

    /// Says how fast the tokens of the answers that follow come; an answer refuses a rate that is none.
    pub fn set_pace(&self, pace: Pace) -> Result<()> {
        idle(&self.session)?.set_pace(pace.into());
        Ok(())
    }

    /// The logits behind these tokens, one for each of the vocabulary: f32, little endian.
    pub fn logits(&self, ids: Vec<u32>) -> Result<Vec<u8>> {
        let logits = idle(&self.session)?.logits(&ids)?;
        Ok(logits.into_iter().flat_map(f32::to_le_bytes).collect())
    }
}
