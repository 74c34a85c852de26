//! Prompt lookup (Saxena, 2023): what followed the last few tokens when they stood there before, in the prompt or in the
//! answer so far. No model, no tables: a search through the ids.

/// The fewest and the most tokens that are compared. Two in a row stand anywhere in a language: they say little.
const SHORTEST: usize = 3;
const LONGEST: usize = 4;

/// At most `most` tokens that may follow `tokens`: those behind the longest match of its end, the latest of several. Where
/// the match is near the end, what is between the two goes on and on.
pub(super) fn continuation(tokens: &[u32], most: usize) -> Vec<u32> {
    let (mut longest, mut behind) = (SHORTEST - 1, tokens.len());
    for at in (SHORTEST..tokens.len()).rev() {
        let both = tokens[..at].iter().rev().zip(tokens.iter().rev());
        let common = both.take(LONGEST).take_while(|(a, b)| a == b).count();
        if common > longest {
            (longest, behind) = (common, at);
        }
        if longest == LONGEST {
            break;
        }
    }
    let following = tokens[behind..].iter().cycle();
    following.take(most).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::continuation;

    #[test]
    fn what_followed_before() {
        let tokens = [1, 2, 3, 4, 5, 6, 9, 2, 3, 4];
        assert_eq!(continuation(&tokens, 3), [5, 6, 9]);
        assert_eq!(continuation(&tokens, 1), [5]);
        assert!(continuation(&tokens, 0).is_empty());
    }

    #[test]
    fn nothing_where_too_little_matches() {
        let two_match = [5, 2, 3, 4, 6, 2, 3];
        for tokens in [&[][..], &[1], &[1, 1], &[1, 2, 3, 4, 5, 6], &two_match] {
            let found = continuation(tokens, 7);
            assert!(found.is_empty(), "{found:?} behind {tokens:?}");
        }
    }

    #[test]
    fn a_longer_match_before_a_later_one() {
        // 8 2 3 4 at the beginning, 2 3 4 in the middle.
        let tokens = [8, 2, 3, 4, 50, 0, 2, 3, 4, 60, 0, 8, 2, 3, 4];
        assert_eq!(continuation(&tokens, 1), [50]);
        let tokens = [8, 2, 3, 4, 50, 0, 8, 2, 3, 4, 60, 0, 8, 2, 3, 4];
        assert_eq!(continuation(&tokens, 1), [60], "of two the later");
    }

    #[test]
    fn what_goes_round_goes_on() {
        assert_eq!(continuation(&[7, 7, 7, 7], 5), [7; 5]);
        let tokens = [1, 2, 3, 1, 2, 3, 1];
        assert_eq!(continuation(&tokens, 7), [2, 3, 1, 2, 3, 1, 2]);
    }
}
