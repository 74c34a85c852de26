//! Whole models against an independent engine's numbers (see `data/*/README.md` for how those were made). What takes
//! longer than a test may is in `goldens`.

mod everywhere;
mod smollm2;
mod tiny;
