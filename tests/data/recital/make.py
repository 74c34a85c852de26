"""Makes recital.gguf: a tiny Llama that says recital.txt whatever it is asked, for tests of what comes out of an answer.

It is no trained model: attention and feed-forward are zero, every token has a random code of signs as its embedding, and
the row of the head for a token is the code of the token before it. Tokens of the text are two to five bytes, most of them
parts of characters. Run it beside recital.txt; the same text gives the same file.
"""

import random
import struct

CODE, HEADS, FEED, CONTEXT = 128, 2, 32, 16384
F32, Q4_0, Q8_0 = 0, 2, 8
SPECIAL = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>' "
    "+ message.content + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>' }}{% endif %}"
)


def letters():
    """The character that stands for each byte in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def cut(text, chance):
    """The text in pieces of two to five bytes, all different."""
    while True:
        pieces, at = [], 0
        while at < len(text):
            size = chance.choice([2, 2, 3, 4, 5])
            pieces.append(text[at : at + size])
            at += size
        if len(set(pieces)) == len(pieces) and len(pieces[-1]) > 1:
            return pieces


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key, value):
    if isinstance(value, bool):
        body = struct.pack("<I?", 7, value)
    elif isinstance(value, int):
        body = struct.pack("<II", 4, value)
    elif isinstance(value, float):
        body = struct.pack("<If", 6, value)
    elif isinstance(value, str):
        body = struct.pack("<I", 8) + string(value)
    elif value and isinstance(value[0], int):
        body = struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)
    else:
        body = struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(string, value))
    return string(key) + body


def q8(rows):
    """Rows of -2 to 2 in blocks of 32: a scale as f16, then 32 signed bytes."""
    scale = struct.pack("<e", 2 / 126)
    blocks = (row[at : at + 32] for row in rows for at in range(0, CODE, 32))
    return b"".join(scale + struct.pack("<32b", *(63 * value for value in block)) for block in blocks)


def main():
    chance = random.Random(1)
    text = open("recital.txt", encoding="utf-8").read().rstrip("\n").encode()
    letter = letters()
    pieces = cut(text, chance)
    tokens = [letter[byte] for byte in range(256)]
    tokens += ["".join(letter[byte] for byte in piece) for piece in pieces]
    bos, end = len(tokens), len(tokens) + 1
    kinds = [1] * len(tokens) + [3] * len(SPECIAL)
    tokens += SPECIAL
    codes = [[chance.choice([-1, 1]) for _ in range(CODE)] for _ in tokens]
    head = [[0] * CODE for _ in tokens]
    head[257 : end - 1] = codes[256 : end - 2]
    head[end] = codes[end - 2]
    # The first piece comes behind what ends a prompt, and behind the end.
    head[256] = [a + b for a, b in zip(codes[-1], codes[end])]

    values = {
        "general.architecture": "llama",
        "general.name": "recital",
        "general.license": "CC0-1.0",
        "llama.block_count": 1,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": CODE,
        "llama.feed_forward_length": FEED,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": 1,
        "llama.rope.freq_base": 10000.0,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": len(tokens),
        "llama.rope.dimension_count": CODE // HEADS,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": [],
        "tokenizer.ggml.bos_token_id": bos,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.chat_template": TEMPLATE,
        "general.quantization_version": 2,
    }
    matrices = {"token_embd.weight": codes, "output.weight": head}
    tensors = [(name, [CODE, len(tokens)], Q8_0, q8(rows)) for name, rows in matrices.items()]
    ones = struct.pack(f"<{CODE}f", *[1.0] * CODE)
    for name in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]:
        tensors.append((f"{name}.weight", [CODE], F32, ones))
    for name, width, rows in [
        ("attn_q", CODE, CODE),
        ("attn_k", CODE, CODE // HEADS),
        ("attn_v", CODE, CODE // HEADS),
        ("attn_output", CODE, CODE),
        ("ffn_gate", CODE, FEED),
        ("ffn_up", CODE, FEED),
        ("ffn_down", FEED, CODE),
    ]:
        tensors.append((f"blk.0.{name}.weight", [width, rows], Q4_0, bytes(18 * width * rows // 32)))

    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    header += b"".join(pair(key, value) for key, value in values.items())
    data = b""
    for name, shape, kind, body in tensors:
        data += bytes(-len(data) % 32)
        header += string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += body
    with open("recital.gguf", "wb") as file:
        file.write(header + bytes(-len(header) % 32) + data)


main()
