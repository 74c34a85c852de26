//! Speculative decoding (Leviathan et al., 2023): tokens are drafted cheaply and go through the model a few rows at once.
//!
//! Nothing is chosen here. The answer's own loop chooses from the rows in order, as it would have one by one, and goes on
//! in the next row where it chose what was drafted: so any way of choosing gives what it gives without drafts. Rows that
//! are not gone on in are undone by the position.

mod account;
mod draft;
mod lookup;

use account::Account;

use crate::blueprint::FEW;
use crate::frames::Frames;
use crate::player::Want;
use crate::session::Session;
use crate::{Error, Result};

/// Where drafts come from.
#[derive(Debug, Default)]
pub enum Speculation {
    /// Nowhere: tokens come one by one.
    #[default]
    Off,
    /// From the tokens so far: what followed the last few of them before. For answers that quote or edit.
    Lookup,
    /// From a session of a smaller model with the same vocabulary, which may have tokens already. An app whose budget is
    /// for both loads that model first and takes [`crate::MemoryPlan::total`] of it off the other one's budget.
    Model(Box<Session>),
}

/// What a session drafts with.
#[derive(Debug)]
pub(crate) struct Drafter {
    source: Speculation,
    account: Account,
    /// Whether the text before the last token was one that a lookup has found before.
    found: bool,
}

impl Default for Drafter {
    fn default() -> Self {
        Self::new(Speculation::Off)
    }
}

impl Drafter {
    fn new(source: Speculation) -> Self {
        let account = match source {
            Speculation::Model(_) => Account::MODEL,
            Speculation::Off | Speculation::Lookup => Account::LOOKUP,
        };
        Self {
            source,
            account,
            found: false,
        }
    }

    /// The drafting model's session.
    pub fn session(&mut self) -> Option<&mut Session> {
        match &mut self.source {
            Speculation::Model(session) => Some(session),
            _ => None,
        }
    }
}

/// What came out of a step: the rows behind the first are of drafted tokens.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    drafts: Vec<u32>,
    /// A result for the token before the drafts, and for each of them.
    rows: Vec<u8>,
    next: usize,
}

impl Checked {
    /// The rows of a step, of a token and what was drafted behind it, and what came for that token.
    pub fn new(drafts: Vec<u32>, rows: Vec<u8>) -> (Self, Vec<u8>) {
        if drafts.is_empty() {
            return (Self::default(), rows);
        }
        let checked = Self {
            drafts,
            rows,
            next: 0,
        };
        let first = checked.row();
        (checked, first)
    }

    fn row(&self) -> Vec<u8> {
        let bytes = self.rows.len() / (self.drafts.len() + 1);
        self.rows[self.next * bytes..][..bytes].to_vec()
    }

    /// What came behind `id`, if that is what was drafted next. If not, the rest is for nothing.
    pub fn follow(&mut self, id: u32) -> Option<Vec<u8>> {
        if self.drafts.get(self.next) != Some(&id) {
            *self = Self::default();
            return None;
        }
        self.next += 1;
        Some(self.row())
    }
}

impl Session {
    /// Says where drafts come from in the answers that follow. They are the same without drafts; only how many forward
    /// passes they take is another number. Drafts get shorter where they are not accepted, and stop; so that answers that
    /// nobody can foresee cost hardly more.
    ///
    /// # Errors
    /// [`Error::Input`] where the model was loaded without [`crate::LoadOptions::speculation`], and for a draft model with
    /// another vocabulary; nothing is changed then.
    pub fn set_speculation(&mut self, speculation: Speculation) -> Result<()> {
        let on = !matches!(speculation, Speculation::Off);
        if on && self.model.shared.blueprint.plans.len() <= FEW {
            return Err(Error::Input {
                what: "speculation".into(),
                expected: "a model that was loaded for it, with LoadOptions::speculation".into(),
                found: "one that was not".into(),
            });
        }
        let mut drafter = Drafter::new(speculation);
        if let Some(session) = drafter.session() {
            draft::expect_same_vocabulary(self.model.tokenizer(), session.model.tokenizer())?;
            session.canceller = self.canceller.clone();
            session.set_frame_budget(self.frames.as_ref().map(Frames::budget));
        }
        self.drafter = drafter;
        Ok(())
    }

    /// Where drafts come from.
    pub fn speculation(&self) -> &Speculation {
        &self.drafter.source
    }

    /// At most `most` tokens that may follow `id`, the next token to go through the model.
    pub(crate) fn draft(&mut self, id: u32, most: usize) -> Result<Vec<u32>> {
        if !self.is_drafting() {
            return Ok(Vec::new());
        }
        self.drafter.account.earn();
        let most = most.min(self.drafter.account.rows()).min(self.room());
        if most == 0 {
            return Ok(Vec::new());
        }
        let tokens = [self.ids.as_slice(), &[id]].concat();
        match &mut self.drafter.source {
            Speculation::Off => Ok(Vec::new()),
            Speculation::Lookup => {
                let drafts = lookup::continuation(&tokens, most);
                self.drafter.found = !drafts.is_empty();
                Ok(drafts)
            }
            Speculation::Model(session) => draft::continuation(session, &tokens, most),
        }
    }

    /// `id` is the next token and its step has been submitted already. Where its neighbours stood before, it was the last
    /// one for which that is so: what follows can be drafted.
    pub(crate) fn foresee(&mut self, id: u32) {
        self.drafter.account.earn();
        if matches!(self.drafter.source, Speculation::Lookup) && self.room() > 0 {
            let tokens = [self.ids.as_slice(), &[id]].concat();
            self.drafter.found = !lookup::continuation(&tokens, 1).is_empty();
        }
    }

    /// Whether the next token is to be known before its step is submitted, since there may be drafts to go with it.
    pub(crate) fn foresees(&self) -> bool {
        let source = match self.drafter.source {
            Speculation::Off => false,
            Speculation::Lookup => self.drafter.found,
            Speculation::Model(_) => true,
        };
        source && self.drafter.account.rows() > 0
    }

    /// Whether the device may have drafted ids where chosen ones were.
    pub(crate) fn is_drafting(&self) -> bool {
        !matches!(self.drafter.source, Speculation::Off)
    }

    /// Rows behind the next token that a step can have. None where it would make tokens leave a sliding window: those
    /// cannot be brought back when a draft is not accepted.
    fn room(&self) -> usize {
        let context = self.model.shared.blueprint.context as usize;
        match context.saturating_sub(self.ids.len()) {
            0 => 0,
            left => self.rows(FEW, left) - 1,
        }
    }

    /// Sends a token and what was drafted behind it through the model at once; only the token counts as read. One result
    /// for each, or `None` if cancelled.
    pub(crate) fn check(&mut self, id: u32, drafts: &[u32], want: Want) -> Result<Option<Vec<u8>>> {
        let ids = [&[id], drafts].concat();
        let result = self.play(FEW, &ids, ids.len(), want)?;
        if result.is_some() {
            self.drafter.account.spend(drafts.len());
            self.read(&[id]);
        }
        Ok(result)
    }

    /// The drafted token that went through the model behind the last one read is the right one.
    pub(crate) fn accept(&mut self, id: u32) {
        self.drafter.account.earn();
        self.drafter.account.repay();
        self.read(&[id]);
    }
}
