#!/usr/bin/env python3
"""Our bench and llama.cpp's `llama-bench` on the same file and adapter, in alternation: medians and ratios.

It builds and downloads nothing: both programs are there already, built for release, llama-bench with the Vulkan back
end. Rounds take turns, so that what else the machine does meets both. A round of either warms up by itself first.
llama-bench decodes from an empty context, ours behind the prompt: what that changes is in llama-bench's favour.

On a machine without a GPU both can use a software driver: GGML_VK_VISIBLE_DEVICES=0 makes llama-bench take it (it
leaves such drivers out otherwise), VK_DRIVER_FILES chooses one for both, and XDG_RUNTIME_DIR must name a folder.

  tests/compare/compare.py --llama-bench PATH/llama-bench -m FILE.gguf [--prompt 128] [--generate 32] [--rounds 5]
"""

import argparse
import json
import statistics
import subprocess
import sys

FIGURES = ("prefill_tokens_per_s", "decode_tokens_per_s")


class Unusable(Exception):
    """What a program said cannot be compared."""


def ours(text):
    """Adapter and figures of one object of `lorgnette bench --json`."""
    found = json.loads(text)
    return found["adapter"], {figure: float(found[figure]) for figure in FIGURES}


def theirs(text):
    """The same of `llama-bench -o json`: a list with one test of the prompt and one of decoding."""
    tests = json.loads(text)
    rates = {}
    for test in tests:
        if "Vulkan" not in test["backends"]:
            raise Unusable(f"llama-bench: expected the Vulkan back end, found {test['backends'] or 'none'}")
        if test["n_gpu_layers"] <= 0:
            raise Unusable("llama-bench: expected layers on the GPU, found none")
        kind = (test["n_prompt"] > 0, test["n_gen"] > 0)
        names = {(True, False): FIGURES[0], (False, True): FIGURES[1]}
        if kind in names:
            rates[names[kind]] = float(test["avg_ts"])
    missing = [figure for figure in FIGURES if figure not in rates]
    if missing:
        raise Unusable(f"llama-bench: expected a test of the prompt and one of decoding, found none for {missing}")
    return tests[0]["gpu_info"], rates


def same_adapter(our_name, their_name):
    """Both say the driver's own name of the device; llama-bench lists all it sees."""
    if our_name not in their_name:
        raise Unusable(f"expected one adapter, found {our_name!r} and {their_name!r}")


def run(command, parse):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Unusable(f"{command[0]}: expected exit code 0, found {done.returncode}")
    try:
        return parse(done.stdout)
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{command[0]}: expected its JSON, found what has no {error}") from error


def commands(args):
    prompt, generate = str(args.prompt), str(args.generate)
    mine = [args.lorgnette, "bench", "-m", args.model, "--json", "--no-roofline"]
    mine += ["--prompt", prompt, "--generate", generate, "--repeat", "1"]
    if args.adapter:
        mine += ["--adapter", args.adapter]
    other = [args.llama_bench, "-m", args.model, "-o", "json", "-ngl", "99", "-r", "1"]
    other += ["-p", prompt, "-n", generate]
    return mine, other


def compare(args):
    mine, other = commands(args)
    found = {"lorgnette": [], "llama_bench": []}
    for at in range(args.rounds):
        our_name, our_rates = run(mine, ours)
        their_name, their_rates = run(other, theirs)
        same_adapter(our_name, their_name)
        found["lorgnette"].append(our_rates)
        found["llama_bench"].append(their_rates)
        rates = [f"{rates[figure]:.2f}" for figure in FIGURES for rates in (our_rates, their_rates)]
        print(f"round {at + 1}: prefill {rates[0]} and {rates[1]}, decode {rates[2]} and {rates[3]} token/s",
              file=sys.stderr, flush=True)
    return summary(our_name, found)


def summary(adapter, found):
    """Medians of each side, and ours over theirs."""
    told = {"adapter": adapter, "rounds": len(found["lorgnette"])}
    for figure in FIGURES:
        medians = {side: statistics.median(rates[figure] for rates in all_) for side, all_ in found.items()}
        told[figure] = medians | {"ratio": medians["lorgnette"] / medians["llama_bench"]}
        told[figure]["all"] = {side: [rates[figure] for rates in all_] for side, all_ in found.items()}
    return told


def table(told):
    lines = [f"{told['adapter']}, medians of {told['rounds']} rounds in alternation, token/s",
             f"{'':10}{'lorgnette':>12}{'llama-bench':>14}{'ratio':>9}"]
    for name, figure in zip(("prefill", "decode"), FIGURES):
        rates = told[figure]
        lines.append(f"{name:10}{rates['lorgnette']:12.2f}{rates['llama_bench']:14.2f}{rates['ratio']:8.2f}x")
    return "\n".join(lines)


def count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, found {number}")
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-bench", required=True, help="the program, built with the Vulkan back end")
    parser.add_argument("-m", "--model", required=True, help="a GGUF file")
    parser.add_argument("--lorgnette", default="target/release/lorgnette", help="our program, built for release")
    parser.add_argument("--adapter", help="a part of the name of our adapter, where the first is not the one")
    parser.add_argument("--prompt", type=count, default=128, help="tokens of the prompt")
    parser.add_argument("--generate", type=count, default=32, help="tokens that are decoded")
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--json", action="store_true", help="one object with the figures")
    args = parser.parse_args()
    try:
        told = compare(args)
    except (Unusable, OSError) as error:
        sys.exit(f"error: {error}")
    print(json.dumps(told) if args.json else table(told))


if __name__ == "__main__":
    main()
