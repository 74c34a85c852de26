//! `lorgnette pull`: a model by name into the cache. A build without the feature `pull` says so.

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which model; without a name, the known ones are listed
    name: Option<String>,
    /// Accepts the licence of the weights, which is named first
    #[arg(long, alias = "accept-license")]
    accept_licence: bool,
    /// Only looks into the cache
    #[arg(long)]
    offline: bool,
}

#[cfg(feature = "pull")]
pub use with::run;
#[cfg(not(feature = "pull"))]
pub use without::run;

#[cfg(not(feature = "pull"))]
mod without {
    use super::Args;
    use crate::output::{Result, input};

    pub fn run(args: &Args) -> Result<()> {
        let expected = "a build with downloads: cargo build --features cli,pull";
        let found = match (&args.name, args.accept_licence, args.offline) {
            (Some(name), ..) => name.as_str(),
            _ => "one without",
        };
        Err(input("command", expected, found))
    }
}

#[cfg(feature = "pull")]
mod with {
    use std::io::{BufRead, IsTerminal};

    use lorgnette::pull::{Entry, PullOptions, cached, entries, pull};

    use super::Args;
    use crate::load::byte_bar;
    use crate::output::{Result, say, table, write};

    pub fn run(args: &Args) -> Result<()> {
        let Some(name) = &args.name else {
            return list();
        };
        let mut options = PullOptions {
            offline: args.offline,
            accept_licence: args.accept_licence,
            ..PullOptions::default()
        };
        let entry = entries().iter().find(|entry| entry.name == name);
        if let Some(entry) = entry.filter(|_| cached(name).is_none() && !args.offline) {
            say(format_args!(
                "{name}: {} from {}. Licence: {}, {}",
                entry.file, entry.repository, entry.licence.name, entry.licence.url
            ));
            options.accept_licence |= asks(entry) && accepted();
        }
        let bar = byte_bar("pulling", 0);
        let pulled = pull(name, &options, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        write(&format!("{}\n", pulled?.display()))
    }

    fn list() -> Result<()> {
        let rows: Vec<Vec<String>> = entries()
            .iter()
            .map(|entry| {
                let there = match cached(entry.name) {
                    Some(path) => path.display().to_string(),
                    None => "not pulled".to_owned(),
                };
                [entry.name, entry.licence.name, &there]
                    .map(str::to_owned)
                    .to_vec()
            })
            .collect();
        write(&table(&rows, 3))
    }

    /// Whether a person can be asked, and has to be.
    fn asks(entry: &Entry) -> bool {
        entry.licence.must_be_accepted && std::io::stdin().is_terminal()
    }

    fn accepted() -> bool {
        say("Do you accept the licence? [y/N]");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
    }
}
