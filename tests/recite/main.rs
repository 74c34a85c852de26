//! Writes the reciting model to a file, and what it says to standard output: for the tests of Kotlin and Swift.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("recite: expected where to write the model, found no argument");
        return ExitCode::FAILURE;
    };
    match lorgnette_tests::recite::write(Path::new(&path)) {
        Ok(()) => {
            print!("{}", lorgnette_tests::recite::LINE);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("recite: {error}");
            ExitCode::FAILURE
        }
    }
}
