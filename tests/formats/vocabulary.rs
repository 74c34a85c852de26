//! The vocabularies of synthetic models, at full size and read through the file as a tokenizer would.

use std::collections::{HashMap, HashSet};

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{Family, SynthShape};
use lorgnette_shaders::weights::WeightFormat;

use super::scratch;
use super::synth::{make, tiny};
use lorgnette_tests::allocations::during;

/// Full-size vocabularies: every token has its own text, every merge has its parts, every word encodes to itself.
#[test]
fn vocabularies() {
    for (name, size, bos, end) in [
        ("llama-3.2-1b", 128_256, 128_000, 128_009),
        ("smollm2-135m", 49_152, 1, 2),
    ] {
        let path = scratch(&format!("synth-vocabulary-{name}.gguf"));
        let shape = SynthShape {
            dim: 32,
            vocabulary: size,
            ..tiny(name)
        };
        make(&shape, WeightFormat::Q4_0, 4, &path);
        let (file, asked) = during(|| Checkpoint::open(&path).expect("a file that opens"));
        assert!(
            asked.total < 64 << 10,
            "opening copies no vocabulary, but allocated {asked:?}"
        );
        let m = file.metadata();
        let tokens: Vec<&str> = m.strings("tokenizer.ggml.tokens").unwrap().collect();
        let kinds = m.i32s("tokenizer.ggml.token_type").unwrap();
        assert_eq!((tokens.len(), kinds.len()), (size as usize, size as usize));
        assert_eq!(
            tokens.iter().collect::<HashSet<_>>().len(),
            tokens.len(),
            "a text twice"
        );
        let special = if shape.family == Family::Llama3 {
            256
        } else {
            17
        };
        assert_eq!(kinds.iter().filter(|k| **k == 3).count(), special);
        assert_eq!(m.u32("tokenizer.ggml.bos_token_id").unwrap(), bos);
        assert_eq!(m.u32("tokenizer.ggml.eos_token_id").unwrap(), end);
        assert!(["<|eot_id|>", "<|im_end|>"].contains(&tokens[end as usize]));
        let merges: Vec<&str> = m.strings("tokenizer.ggml.merges").unwrap().collect();
        assert_eq!(merges.len(), tokens.len() - 256 - special);
        let known: HashSet<&str> = tokens.iter().copied().collect();
        let ranks: HashMap<(&str, &str), usize> = merges
            .iter()
            .enumerate()
            .map(|(rank, merge)| (merge.split_once(' ').expect("two parts"), rank))
            .collect();
        assert_eq!(ranks.len(), merges.len());
        for (a, b) in ranks.keys() {
            assert!(
                known.contains(a)
                    && known.contains(b)
                    && known.contains(format!("{a}{b}").as_str())
            );
        }
        for (token, kind) in tokens.iter().zip(&kinds) {
            assert!(*kind == 3 || encode(token, &ranks) == 1, "{token}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}

/// How many tokens plain byte-pair encoding makes of a word of single-byte characters.
fn encode(word: &str, ranks: &HashMap<(&str, &str), usize>) -> usize {
    let mut ends: Vec<usize> = word.char_indices().map(|(i, c)| i + c.len_utf8()).collect();
    ends.insert(0, 0);
    loop {
        let pairs = ends.windows(3).enumerate();
        let best = pairs
            .filter_map(|(i, e)| Some((ranks.get(&(&word[e[0]..e[1]], &word[e[1]..e[2]]))?, i)))
            .min();
        match best {
            Some((_, i)) => ends.remove(i + 1),
            None => return ends.len() - 1,
        };
    }
}
