"""Writes llama3-tokenization.json: strings and the ids that tiktoken gives them with Llama 3's ranks.

    pip install tiktoken
    python make.py path/to/tokenizer.model > tokenization.json

The ids are facts about the strings; the ranks file itself is Meta's and is not kept here.
"""

import base64
import json
import random
import sys

import tiktoken

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

SCRIPTS = """
The quick brown fox jumps over the lazy dog.
Größe, Übermut und Straßenbahn; Äpfel für fünf Euro
L'été à Noël, où l'œuvre s'achève ; ça va ?
El niño comió piñas en España, ¿verdad? ¡Sí!
Zażółć gęślą jaźń
Příliš žluťoučký kůň úpěl ďábelské ódy
İstanbul'da ılık bir gün, çiçekler açıyor
Tiếng Việt có nhiều dấu thanh điệu
Ελληνικά: ξεσκεπάζω την ψυχοφθόρα βδελυγμία
Съешь же ещё этих мягких французских булок
Щастя, ґанок, їжак, єнот
Հայերեն գրություն
ქართული დამწერლობა
עברית: דג סקרן שט בים מאוכזב
العربية: نص حكيم له سر قاطع
فارسی: بر آن است که نیم‌فاصله را بنویسد
اردو زبان میں لکھا ہوا متن
हिन्दी में लिखा हुआ वाक्य, क्षत्रिय ज्ञान
বাংলা লেখা পরীক্ষা
தமிழ் எழுத்துக்கள்
తెలుగు లిపి
ಕನ್ನಡ ಲಿಪಿ
മലയാളം അക്ഷരങ്ങൾ
ไทย: เป็นมนุษย์สุดประเสริฐเลิศคุณค่า
ພາສາລາວ ອັກສອນ
မြန်မာဘာသာ စာ
ភាសាខ្មែរ អក្សរ
བོད་ཡིག་འབྲི་བ།
አማርኛ ጽሑፍ
日本語の文章、漢字とひらがなとカタカナ。
半角ｶﾀｶﾅと全角ＡＢＣ１２３
中文简体：快速的棕色狐狸
中文繁體：敏捷的棕色狐狸跳過懶狗
한국어 문장입니다. 다람쥐 헌 쳇바퀴에 타고파
ㅎㅏㄴㄱㅡㄹ 한글
ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ
ᐃᓄᒃᑎᑐᑦ
𐌰𐌱𐌲 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝕏 𠀀𠮷
ꦲꦏ꧀ꦱꦫꦗꦮ
ߒߞߏ 𞤀𞤣𞤤𞤢𞤥
""".strip().split("\n")

OTHER = [
    "", " ", "  ", "   ", "a", " a", "  a", "\t", "\n", "\n\n", "\n\n\n", "\r", "\r\n", "\r\n\r\n", " \n", "\n ", " \n \n ", "\t\n\t",
    "a\n", "a \n", "a\n b", "a\n\n  b", "a  \n  b", "a\r\nb\r\n", "a\n\rb", "x\t\ty", "\t\tindent", "end   ", "end\t", "end \n ",
    " " * 7, " " * 33, " " * 129 + "x", "\n" * 9, "\t" * 5 + "x", "a" + " " * 80 + "b", " \t \n\n \t x", "\u00a0", "a\u00a0b", "\u3000全角",
    "\u2003em\u2009thin\u200azero", "\u2028line\u2029para", "\u0085next", "\u000b\u000c", "\x1c\x1d\x1e\x1f",
    "I'm you're he'll we've I'd she's can't", "I'M YOU'RE HE'LL WE'VE I'D SHE'S CAN'T", "'s 't 're 've 'm 'll 'd",
    "'S 'T 'Re 'vE 'lL", "y'all'd've", "rock 'n' roll", "the '90s", "'twas", "o'clock", "don''t", "''s", "'", "''", "' s", "l'sx", "'\u017fx",
    "\u2019s don\u2019t it\u2019s", "a'b'c'd", "'ſ", "it'sabc 'dog 'merry", "dogs' and cats'", "'LLama 'VEtoed 'REd",
    "0", "1", "12", "123", "1234", "12345", "123456", "1234567890", "3.14159", "1,234,567.89", "-42", "+1 (555) 010-9999", "2024-02-29T23:59:60Z",
    "0xDEADBEEF", "1e-10", "½ ⅓ ²³ Ⅷ ①②③", "١٢٣٤٥", "१२३४५६७", "๑๒๓", "v1.2.3-rc.4+5", "100%", "$99.95", "€1.000,50", "7th 22nd 3rd", "a1b2c3", "１２３４",
    "Hello, world!", "Hello!!!", "?!?!", "...", "…", "—–-", "(parentheses) [brackets] {braces}", "\"quotes\" 'single' «guillemets» „low“",
    "#hashtag @mention", "a/b\\c|d", "~`^_=+*&%$", "e.g., i.e., etc.", "U.S.A.", "foo_bar-baz", "snake_case camelCase PascalCase SCREAMING_CASE",
    "name@example.com", "https://example.com/a?b=c&d=%20#frag", "C:\\Users\\me\\file.txt", "../../etc/passwd", "#!/bin/sh\necho \"$HOME\"\n",
    "def f(x):\n    return x ** 2\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n", "fn main() { println!(\"{:?}\", vec![1u8; 4]); }",
    "SELECT * FROM t WHERE a >= 10 AND b <> 'x';", "<html lang=\"en\"><body>&amp;</body></html>", "{\"key\": [1, 2.5, null, true], \"s\": \"\\n\"}",
    "a->b::c(d) != e || f && !g", "x = y == z ? 1 : 0;", "/* comment */ // line\n", "@decorator\nclass A(B): pass", "let r = /^[a-z]+$/gi;",
    "$\\frac{\\partial u}{\\partial t} = \\alpha \\nabla^2 u$", "∀x∈ℝ: ∃y ≠ x", "∫₀^∞ e^{-x²} dx = √π/2", "a ≤ b ≥ c ≈ d ± e", "→ ← ↑ ↓ ⇒ ⇔", "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "# Title\n\n- item 1\n- item 2\n\n```rust\nlet x = 1;\n```\n", "key: value\nlist:\n  - a\n  - b\n",
    "😀", "😀😃😄", "👩‍👩‍👧‍👦 family", "👍🏽 skin", "🇩🇪🇫🇷 flags", "❤️ ☃ ★ ✓", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "text😀text", " 😀", "1️⃣ keycap", "🫠🫥🪿", "(╯°□°)╯︵ ┻━┻", "¯\\_(ツ)_/¯",
    "e\u0301 vs é", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L", "ﬁ ﬂ ㎏ ℡", "A\u030a Å Å", "\u200bzero\u200bwidth\u200b", "\ufeffBOM", "\u202eright to left\u202c", "soft\u00adhyphen", "n\u0303\u0303\u0303",
    "\x00", "a\x00b", "\x01\x02\x03", "\x1b[31mred\x1b[0m", "\x7f", "\u0080\u009f", "\ufffd", "\ufdd0\uffff", "\U0010ffff", "\ue000 private",
    "a" * 50, "ab" * 40, "x" * 300, "Donaudampfschifffahrtsgesellschaftskapitän", "pneumonoultramicroscopicsilicovolcanoconiosis",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch", "ACGTACGTTAGCCGATAGCTAGCTTTAGC", "SGVsbG8sIFdvcmxkIQ==", "d41d8cd98f00b204e9800998ecf8427e", "=" * 60, "-" * 41, "." * 17, "*" * 9, "_" * 30, "!" * 100,
    "好" * 30, "あ" * 25, "й" * 40, "ا" * 33, "🎉" * 12,
    "<|begin_of_text|>", "<|eot_id|>", "say <|end_of_text|> aloud", "<|start_header_id|>user<|end_header_id|>\n\n", "<|", "|>", "< |eot_id| >", "<|eot_id", "<s></s> [INST] <<SYS>>",
    "In the beginning God created the heaven and the earth.", "MiXeD cAsE wOrDs", "ALL CAPS SENTENCE HERE", "  leading and trailing  ", "tabs\tand  spaces   mixed\n\n\tnew",
    "Q: What is 2+2?\nA: 4\n", "Dear Sir,\r\n\r\nThank you.\r\n\r\n\tRegards\r\n", "word\u2014dash\u2014word", "no-break\u202fspace", "a\u2060b", "naïve café résumé coöperate",
    "English日本語Русскийالعربية123한국어", "价格：￥1,234.50元", "第１章　はじめに", "שלום world שלום", "Москва2024год", "नमस्ते123दुनिया", "i̇I ıİ ſs ẞß", "ǅ ǈ Ω K Å", "ªº µ ʰ ˀ", "\u0301alone", "\u0e33\u0e31", "a\u0903b",
]


def random_strings(count):
    """Characters thrown together, so that the split meets neighbours nobody would write."""
    rng = random.Random(20240229)
    parts = [" ", "  ", "\n", "\r\n", "\t", "'", "'s", "'LL", "a", "Zz", "7", "42", "1234", ".", "!!", "é", "日本", "ж", "٣", "½", "😀", "\u00a0", "\u0301", "_", "<|", "\x00"]
    return ["".join(rng.choice(parts) for _ in range(rng.randint(3, 24))) for _ in range(count)]


def main():
    ranks = {}
    with open(sys.argv[1], "rb") as file:
        for line in file:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    encoding = tiktoken.Encoding("llama3", pat_str=SPLIT, mergeable_ranks=ranks, special_tokens={})
    texts = list(dict.fromkeys(SCRIPTS + OTHER + random_strings(60)))
    lines = [json.dumps({"text": text, "ids": encoding.encode_ordinary(text)}, separators=(",", ":")) for text in texts]
    print("[\n" + ",\n".join(lines) + "\n]")
    print(f"{len(texts)} strings", file=sys.stderr)


main()
