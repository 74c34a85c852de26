//! Text in and out: tokenizer, chat templates, sampling, stop strings. No GPU and no session.

mod chat;
mod filters;
mod given;
mod llama3;
mod sampler;
mod smollm2;
mod stop;
mod vocabulary;

#[global_allocator]
static ALLOCATOR: lorgnette_tests::allocations::Counting = lorgnette_tests::allocations::Counting;
