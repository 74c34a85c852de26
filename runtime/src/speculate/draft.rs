//! A smaller model drafts: it says what it would answer, greedily. Its session follows the other one's tokens by itself.

use lorgnette_shaders::kernels::argmax::NOT_FINITE;

use crate::player::Want;
use crate::session::Session;
use crate::steps::Next;
use crate::{Error, Result, Sampling, Tokenizer};

/// At most `most` tokens that the model of `session` would have follow `tokens`. Fewer where it was cancelled, where its
/// context ends, and where what it says is no token: drafts are checked whatever they are, so that this is no error.
pub(super) fn continuation(session: &mut Session, tokens: &[u32], most: usize) -> Result<Vec<u32>> {
    // The last of the draft does not go through it.
    let room = (session.most_tokens() + 1).saturating_sub(tokens.len());
    let most = most.min(room);
    let mut drafts = Vec::with_capacity(most);
    if most == 0 {
        return Ok(drafts);
    }
    let rest = session.rewind(tokens)?;
    session.sampling = Sampling::greedy();
    let mut begun = session.prefill(rest, Want::NextId)?;
    while begun && let Some(bytes) = session.finish()? {
        let id = bytemuck::pod_collect_to_vec::<u8, u32>(&bytes)[0];
        if id == NOT_FINITE {
            break;
        }
        drafts.push(id);
        if drafts.len() == most {
            break;
        }
        begun = session.decode(Next::AtHand(id), Want::NextId)?;
        if begun {
            session.read(&[id]);
        }
    }
    Ok(drafts)
}

/// # Errors
/// [`Error::Input`] where an id is not the same token in both.
pub(super) fn expect_same_vocabulary(ours: &Tokenizer, drafts: &Tokenizer) -> Result<()> {
    let differ = |expected: String, found: String| {
        Err(Error::Input {
            what: "draft model".into(),
            expected: format!("the same vocabulary: {expected}"),
            found,
        })
    };
    if ours.len() != drafts.len() {
        return differ(format!("{} tokens", ours.len()), drafts.len().to_string());
    }
    let token = |tokenizer: &Tokenizer, id| {
        let text = String::from_utf8_lossy(tokenizer.bytes(id)).into_owned();
        let control = if tokenizer.is_control(id) {
            ", control"
        } else {
            ""
        };
        format!("{text:?}{control}")
    };
    let same =
        |id| ours.bytes(id) == drafts.bytes(id) && ours.is_control(id) == drafts.is_control(id);
    match (0..ours.len() as u32).find(|id| !same(*id)) {
        Some(id) => differ(
            format!("token {id} is {}", token(ours, id)),
            token(drafts, id),
        ),
        None => Ok(()),
    }
}
