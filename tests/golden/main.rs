//! Whole models against an independent engine's numbers (see `data/*/README.md` for how those were made).

mod smollm2;
mod tiny;
