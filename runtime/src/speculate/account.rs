//! How many tokens are worth drafting: an account in rows. A row that is checked is paid for; one that is accepted saves a
//! forward pass and is repaid; every token earns a little. Arithmetic only: the same tokens give the same drafts.

/// What is counted in: a row is this many.
const ROW: u32 = 32;
/// What an accepted row is worth: itself, and another one for the pass that it saved.
const ACCEPTED: u32 = 2 * ROW;
/// The most that is put by: two long drafts, so that the end of a quotation is soon known.
const MOST: u32 = 14 * ROW;

/// What drafts may cost.
#[derive(Debug)]
pub(super) struct Account {
    rows: u32,
    /// What every token earns.
    token: u32,
}

impl Account {
    /// Of a lookup, which finds something in any text, and little in most: a single row to begin with. Where nothing is
    /// ever accepted, and a row more takes a whole pass, as on a driver that computes on the processor, an answer takes
    /// a 32nd longer than without drafts.
    pub const LOOKUP: Self = Self {
        rows: ROW,
        token: ROW / 32,
    };
    /// Of a model, which is there because it is often right.
    pub const MODEL: Self = Self {
        rows: 2 * ROW,
        token: ROW / 16,
    };

    /// The most tokens that the next draft may have. None: the next tokens come one by one.
    pub fn rows(&self) -> usize {
        (self.rows / ROW) as usize
    }

    /// So many drafted tokens go through the model.
    pub fn spend(&mut self, rows: usize) {
        self.rows = self.rows.saturating_sub(rows as u32 * ROW);
    }

    /// A token came out of the model.
    pub fn earn(&mut self) {
        self.rows = (self.rows + self.token).min(MOST);
    }

    /// It had been drafted.
    pub fn repay(&mut self) {
        self.rows = (self.rows + ACCEPTED).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A draft of all that may be, of which so many are accepted, behind each token.
    fn step(account: &mut Account, accepted: usize) -> usize {
        account.earn();
        let drafted = account.rows().min(7);
        account.spend(drafted);
        for _ in 0..accepted.min(drafted) {
            account.earn();
            account.repay();
        }
        drafted
    }

    #[test]
    fn drafts_grow_while_they_are_accepted() {
        let mut account = Account::MODEL;
        let drafted = [7; 5].map(|accepted| step(&mut account, accepted));
        assert_eq!(drafted, [2, 4, 7, 7, 7]);
        let mut account = Account::LOOKUP;
        let drafted = [7; 5].map(|accepted| step(&mut account, accepted));
        assert_eq!(drafted, [1, 2, 4, 7, 7]);
    }

    #[test]
    fn what_is_not_accepted_ends_and_is_tried_again() {
        let mut account = Account::MODEL;
        let drafted: Vec<usize> = (0..160).map(|_| step(&mut account, 0)).collect();
        assert_eq!(drafted[..17].iter().sum::<usize>(), 3, "{drafted:?}");
        // One row in sixteen tokens, and what it began with.
        assert_eq!(drafted.iter().sum::<usize>(), 2 + 160 / 16, "{drafted:?}");
        assert!(drafted.iter().all(|drafted| *drafted <= 2), "{drafted:?}");
        let mut account = Account::LOOKUP;
        let drafted: usize = (0..160).map(|_| step(&mut account, 0)).sum();
        assert_eq!(drafted, 1 + 160 / 32);
    }

    #[test]
    fn an_end_of_acceptance_costs_two_long_drafts() {
        let mut account = Account::MODEL;
        for _ in 0..100 {
            step(&mut account, 7);
        }
        let drafted: Vec<usize> = (0..32).map(|_| step(&mut account, 0)).collect();
        assert_eq!(drafted[..3], [7, 7, 0]);
        assert!(drafted.iter().sum::<usize>() <= 14 + 2, "{drafted:?}");
    }

    #[test]
    fn every_second_one_accepted_is_worth_going_on() {
        let mut account = Account::MODEL;
        let drafted: Vec<usize> = (0..100).map(|i| step(&mut account, i % 2)).collect();
        assert!(
            drafted[90..].iter().any(|drafted| *drafted > 0),
            "{drafted:?}"
        );
    }
}
