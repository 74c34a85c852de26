"""Makes the fixtures of the weight formats: random valid blocks as file bytes (<name>.blocks) and the f32 weights that
the reference implementation of the GGUF project reads from them (<name>.f32, little endian).

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy && venv/bin/python make.py
"""

import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
# Zeros, the smallest and largest subnormals, the smallest and largest normals, one; of both signs.
HALVES = [0x0000, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x3C00]
HALVES += [half | 0x8000 for half in HALVES]
# Name: number of blocks, where the halves of a block are.
FORMATS = {
    "F32": (384, []), "F16": (384, [0]), "BF16": (384, []),
    "Q4_0": (96, [0]), "Q4_1": (96, [0, 2]), "Q5_0": (96, [0]), "Q5_1": (96, [0, 2]), "Q8_0": (96, [0]),
    "Q4_K": (24, [0, 2]), "Q5_K": (24, [0, 2]), "Q6_K": (24, [208]), "IQ4_NL": (96, [0]), "IQ4_XS": (24, [0]),
}  # fmt: skip


def halves(rng, count):
    """Finite ones: first the special ones in random order, then scales as models have them, a third subnormal."""
    usual = (rng.choice([-1, 1], count) * np.exp(rng.uniform(np.log(1e-6), np.log(0.1), count))).astype(np.float16)
    usual = usual.view(np.uint16)
    usual[: len(HALVES)] = rng.permutation(np.array(HALVES, np.uint16))
    return usual


def blocks(rng, kind, count, at):
    _, size = gguf.GGML_QUANT_SIZES[kind]
    if kind == gguf.GGMLQuantizationType.F32:
        special = np.array([0.0, -0.0, 1e-45, -1e-39, 3.4e38, -3.4e38], np.float32)
        values = np.concatenate([special, rng.normal(0, 0.02, count - len(special)).astype(np.float32)])
        return values.view(np.uint8).reshape(count, size)
    if kind == gguf.GGMLQuantizationType.BF16:
        bits = rng.integers(0, 1 << 16, count).astype(np.uint16)
        bits[(bits & 0x7F80) == 0x7F80] &= 0xBFFF
        return bits.view(np.uint8).reshape(count, size)
    data = rng.integers(0, 256, (count, size)).astype(np.uint8)
    for offset in at:
        data[:, offset : offset + 2] = halves(rng, count).view(np.uint8).reshape(count, 2)
    return data


for seed, (name, (count, at)) in enumerate(FORMATS.items()):
    kind = gguf.GGMLQuantizationType[name]
    data = blocks(np.random.default_rng(seed), kind, count, at)
    weights = gguf.quants.dequantize(data.reshape(-1), kind).astype("<f4")
    assert np.isfinite(weights).all(), name
    (HERE / f"{name.lower()}.blocks").write_bytes(data.tobytes())
    (HERE / f"{name.lower()}.f32").write_bytes(weights.tobytes())
