//! Going back: a little is still there; what has left is read again from behind the kept tokens on. Cancelling goes back
//! too.

use lorgnette::{Adapter, Error, Session};
use lorgnette_tests::{cancelled_within, max_distance, own_runtime, runtime};

use super::{CHUNK, KEEP, sliding, tiny, tokens};

const CONTEXT: u32 = 64;
const READ: usize = 150;

/// A session that has read 150 tokens: those from 4 to 89 have left.
fn far() -> (Session, Vec<u32>) {
    let mut session = sliding(&tiny(runtime(), CONTEXT));
    let ids = tokens(READ);
    session.logits(&ids).expect("logits");
    (session, ids)
}

/// What the session reads of these, and the logits behind them.
fn read(session: &mut Session, ids: &[u32]) -> (u64, Vec<f32>) {
    let before = session.prefilled();
    let logits = session.logits(ids).expect("logits");
    assert_eq!(session.ids(), ids);
    (session.prefilled() - before, logits)
}

fn parted(ids: &[u32], at: usize, more: usize) -> Vec<u32> {
    let rest: Vec<u32> = tokens(more + 7)[7..].to_vec();
    assert_ne!(ids[at], rest[0], "it parts here");
    [&ids[..at], &rest].concat()
}

#[test]
fn a_second_turn_reads_what_is_new() {
    let (mut session, ids) = far();
    let longer = [ids.as_slice(), &tokens(10)].concat();
    assert_eq!(read(&mut session, &longer).0, 10);
    assert_eq!(
        read(&mut session, &longer).0,
        1,
        "the same again: for the logits behind it"
    );
}

/// The window gets shorter at its end and fills again; the references know the same.
#[test]
fn a_little_back_is_still_there() {
    let cpu = own_runtime(Adapter::Cpu, None);
    let mut references = sliding(&tiny(&cpu, CONTEXT));
    let (mut session, ids) = far();
    references.logits(&ids).expect("logits");
    for at in [140, 120, 90] {
        let other = parted(&ids, at, 5);
        let (prefilled, logits) = read(&mut session, &other);
        assert_eq!(prefilled, 5, "from {at}");
        let (_, expected) = read(&mut references, &other);
        assert!(max_distance(&logits, &expected) <= 1e-3, "from {at}");
        // Back to the whole: what was overwritten meanwhile is read again, what has left stays away.
        let (prefilled, _) = read(&mut session, &ids);
        assert_eq!(prefilled, (READ - at) as u64);
        read(&mut references, &ids);
    }
}

#[test]
fn what_has_left_is_read_again() {
    for (at, from) in [
        (89, KEEP as usize),
        (30, KEEP as usize),
        (4, 4),
        (2, 2),
        (0, 0),
    ] {
        let (mut session, ids) = far();
        let other = parted(&ids, at, 130);
        let (prefilled, logits) = read(&mut session, &other);
        assert_eq!(prefilled as usize, other.len() - from, "from {at}");
        // As one that has read the same from the same place on.
        let mut fresh = sliding(session.model());
        if from > 0 {
            fresh.logits(&other[..from]).expect("logits");
        }
        let expected = fresh.logits(&other).expect("logits");
        let apart = max_distance(&logits, &expected);
        assert!(apart <= 1e-3, "from {at}: max |d| {apart}");
    }
}

#[test]
fn truncating() {
    let (mut session, ids) = far();
    session.truncate(READ + 1);
    assert_eq!(session.ids(), ids);
    session.truncate(100);
    assert_eq!(session.ids(), &ids[..100]);
    session.truncate(89);
    assert_eq!(session.ids(), &ids[..KEEP as usize]);
    session.truncate(0);
    assert!(session.ids().is_empty());
}

/// A chunk that was cancelled may have taken the places of the oldest tokens in some layers: they have left.
#[test]
fn a_cancelled_chunk() {
    let runtime = own_runtime(Adapter::Auto, None);
    let model = tiny(&runtime, CONTEXT);
    let ids = tokens(400);
    let mut session = sliding(&model);
    session.logits(&ids[..READ]).expect("logits");
    let chunk = model.blueprint().plans[1].dispatches().count() as u64;
    let cancelled = cancelled_within(&runtime, &mut session, 2 * chunk + 1, |s| s.logits(&ids));
    assert!(matches!(cancelled, Err(Error::Cancelled)), "{cancelled:?}");
    let length = session.ids().len();
    assert!(
        length > READ && length < ids.len(),
        "in the middle: {length}"
    );
    // As one that has read the chunk and forgotten it.
    let mut expected = sliding(&model);
    expected.logits(&ids[..READ]).expect("logits");
    expected.logits(&ids[..length]).expect("logits");
    expected
        .logits(&ids[..length + CHUNK as usize])
        .expect("logits");
    expected.truncate(length);
    let other = [&ids[..length], &tokens(3)].concat();
    let [found, expected] = [session, expected].map(|mut s| read(&mut s, &other));
    assert_eq!(found, expected);
}
