//! How long a token takes in Rust alone, to hold a binding against it: `tokens MODEL TOKENS ADAPTER` makes an answer of so
//! many tokens for every line that it reads, and prints nanoseconds a token, from the first token to the last. The programs
//! in `ios/Bench` and of `android/bench` do the same in their languages; what they say, how a model is loaded and what is
//! asked is the same there, and `.ci/in-turns` runs them beside this one.

use std::error::Error;
use std::time::Instant;

use lorgnette::{
    Adapter, Event, GenerateOptions, LoadOptions, Message, Model, Prompt, Runtime, RuntimeOptions,
    Sampling,
};

/// On a thread of its own, as the bindings make an answer: threads differ in how they get memory.
fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    std::thread::scope(|scope| scope.spawn(measure).join()).expect("no panic")
}

fn measure() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, tokens, adapter] = arguments.as_slice() else {
        return Err("expected MODEL TOKENS ADAPTER".into());
    };
    let adapter = match adapter.as_str() {
        "cpu" => Adapter::Cpu,
        name => Adapter::Named(name.to_owned()),
    };
    let tokens: usize = tokens.parse()?;
    let runtime = Runtime::new(RuntimeOptions {
        adapter,
        ..Default::default()
    })?;
    let load = LoadOptions {
        context: Some(tokens as u32 + 64),
        ..Default::default()
    };
    let model = Model::load(&runtime, path.as_str(), &load, |_| ())?;
    let options = GenerateOptions {
        max_tokens: Some(tokens),
        sampling: Sampling {
            temperature: 0.0,
            ..Default::default()
        },
        ignore_end: true,
        ..Default::default()
    };
    let messages = [Message {
        role: "user".to_owned(),
        content: "Go on.".to_owned(),
    }];
    for line in std::io::stdin().lines() {
        line?;
        let mut session = model.session()?;
        let mut first = None;
        let (mut count, mut bytes) = (0, 0);
        for event in session.generate(Prompt::Chat(&messages), &options)? {
            match event? {
                Event::Token { .. } => {
                    first.get_or_insert_with(Instant::now);
                    count += 1;
                }
                Event::Text(text) => bytes += text.len(),
                Event::Done { .. } => {}
            }
        }
        let taken = first.ok_or("no token came")?.elapsed();
        println!(
            "{} ns a token, {count} tokens, {bytes} bytes",
            taken.as_nanos() / (count - 1)
        );
    }
    Ok(())
}
