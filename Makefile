# The commands of this repository. Each does its own set-up, on Debian and Ubuntu with apt; a second run is quick.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-kotlin test-swift check-mobile goldens fmt clippy doc deny unit setup setup-test

PROMPT ?= What is the capital of France, and what is it known for?
LORGNETTE := cargo run --release -q -p lorgnette --features cli,pull --bin lorgnette --

# The Vulkan loader wants some folder here.
ifndef XDG_RUNTIME_DIR
export XDG_RUNTIME_DIR := $(CURDIR)/.cache/run
$(shell mkdir -p -m 700 $(XDG_RUNTIME_DIR))
endif

# wgpu's debug build takes a backtrace wherever it takes its lock, if backtraces of errors are asked for; those of panics
# are not touched.
export RUST_LIB_BACKTRACE := 0

help: ## Lists the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: setup ## A small model answers: make demo PROMPT="..."
	cargo build --release -p lorgnette --features cli,pull --bin lorgnette
	$(LORGNETTE) pull smollm2-135m
	$(LORGNETTE) generate -m smollm2-135m -p "$(PROMPT)" -n 64

test: setup-test fmt deny clippy doc unit test-kotlin test-swift check-mobile ## All checks; each can be run alone.

goldens: setup-test ## The long checks against an independent engine, or some: make goldens CHECKS="f16 sliding"
	cargo run -q -p lorgnette-tests --bin goldens -- $(CHECKS)

fmt: ## Formatting.
	cargo fmt --all -- --check

deny: ## Licences, versions and sources of all dependencies.
	@.ci/tools
	.cache/tools/bin/cargo-deny --all-features check --hide-inclusion-graph licenses bans sources

clippy: ## Lints.
	cargo clippy --workspace --all-targets --all-features -- -D warnings

doc: ## Documentation without a broken link.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

unit: ## Tests, on every adapter found.
	@.ci/unit
	@.ci/adapters

test-swift: setup ## The Swift package on Linux.
	@.ci/test-swift

check-mobile: setup ## What a phone app builds: types for Android and iOS, size of the library.
	@.ci/mobile

test-kotlin: setup ## Kotlin's tests, on the JVM against the engine; the Android parts are compiled.
	@.ci/kotlin-tests

setup: ## What the machine needs: linker, Vulkan, Python.
	@.ci/machine

# Tests say that they skip where the model or the ranks are not to be had.
setup-test: setup
	@.ci/tools
	@.ci/compilers
	@.ci/llama3-ranks || echo "setup: no Llama 3 tokenizer" >&2
	@cargo run --all-features --bin lorgnette -- pull smollm2-135m || echo "setup: no SmolLM2" >&2
