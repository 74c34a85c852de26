//! Cases of `swiglu`.

use lorgnette_shaders::cases::{Case, Rows};
use lorgnette_tests::kernels::{found, play};

use super::COUNTS;

#[test]
fn rows() {
    let cols = [4, 36, 252, 256, 260, 1536];
    play(COUNTS.into_iter().flat_map(|count| {
        let size = 6.0;
        cols.map(|cols| Rows { cols, count, size }.swiglu())
    }));
}

/// Four gates in the places of the noise, with `up` of 1.
fn with_gates(gates: [f32; 4]) -> Case {
    let row = Rows {
        cols: 4,
        count: 1,
        size: 1.0,
    };
    let mut case = row.swiglu();
    case.name = format!("gates {gates:?}");
    case.buffers[0][..4].copy_from_slice(&gates.map(f32::to_bits));
    case.buffers[0][4..8].fill(1f32.to_bits());
    case
}

#[test]
fn gates_beyond_the_range_of_exp() {
    // One open gate in each: the others are nothing beside it.
    let gates = [
        [79.9, 80.1, 88.8, 1e4],
        [1.0, -80.1, -88.8, -1e4],
        [1e18, -1e18, -3e38, 0.0],
    ];
    play(gates.map(with_gates));
}

#[test]
fn a_closed_gate_gives_next_to_nothing() {
    for (program, words) in found(&with_gates([-100.0, -1e3, -1e10, -3e38])) {
        for word in &words[1][..4] {
            let value = f32::from_bits(*word);
            assert!(
                (-2e-33..=0.0).contains(&value),
                "{}: {value}",
                program.label()
            );
        }
    }
}
