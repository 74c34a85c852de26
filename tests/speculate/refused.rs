//! What cannot be drafted with is refused, with what was expected and what was found, and changes nothing.

use std::path::Path;

use lorgnette::synth::{SynthShape, synth};
use lorgnette::{Error, Session, Speculation, WeightFormat};
use lorgnette_tests::{load, runtime};

use super::{answer, drafting, greedy, options, other, plain, prompt};

fn refused(session: &mut Session, speculation: Speculation, words: &[&str]) {
    let error = session.set_speculation(speculation).expect_err("refused");
    assert!(matches!(error, Error::Input { .. }), "{error:?}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_model_that_was_not_loaded_for_it() {
    let mut session = other().session().expect("a session");
    let words = ["speculation", "LoadOptions::speculation"];
    refused(&mut session, Speculation::Lookup, &words);
    let drafting = Speculation::Model(Box::new(plain()));
    refused(&mut session, drafting, &words);
    session
        .set_speculation(Speculation::Off)
        .expect("off is off");
    let (told, _) = answer(&mut session, &prompt(1, 5), &greedy(4));
    assert_eq!(told.ids.len(), 4);
}

/// Another number of tokens, and as many of other texts.
#[test]
fn another_vocabulary() {
    for (vocabulary, found) in [(300, "512 tokens, found 300"), (512, "token 2")] {
        let shape = SynthShape {
            layers: 1,
            dim: 64,
            ffn: 64,
            heads: 2,
            kv_heads: 1,
            head_dim: 32,
            vocabulary,
            ..SynthShape::like("llama-3.2-1b").expect("a known shape")
        };
        let name = format!("speculate-{vocabulary}.gguf");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        synth(&shape, WeightFormat::Q4_0, 1, &path, &mut |_, _| ()).expect("a file");
        let foreign = load(runtime(), path, &options());
        let mut session = drafting(Speculation::Lookup);
        let foreign = Speculation::Model(Box::new(foreign.session().expect("a session")));
        refused(&mut session, foreign, &["same vocabulary", found]);
        assert!(matches!(session.speculation(), Speculation::Lookup));
    }
}
