//! Model files that a reader accepts and a model cannot be: each ends in an error that says what was expected and found.

mod altered;
mod not_finite;
mod wrong;
