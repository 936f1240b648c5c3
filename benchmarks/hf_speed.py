"""Tokens per second of the engine hf against transformers' own generate, paired in one process.

    python benchmarks/hf_speed.py [--model lab|smollm2|both] [--rounds 5] [--threads 1] [--dtype float32]

Both sides get the same prompt (one), the same temperature, top_p, top_k, eos and max_new_tokens, and the same weights
in the same number format; generate gets num_return_sequences=n and the attention that transformers picks by default
(sdpa). A row's tokens count up to and with its eos, on both sides. Rounds alternate between the sides; a time is CPU
time of this process (with --threads above 1: wall time), prompt included, and a ratio is that of a round. Medians, and
in brackets the least and most of all rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.smollm2 import smollm2_folder
from beyondbase.seeds import sample_seed
from beyondbase.types import Prompt, PromptForm, SampleRequest, SamplingSpec

QUESTION = (
    "A farmer sells eggs at the market every day. Her hens lay sixteen eggs a day. She eats three for breakfast every "
    "morning and bakes muffins for her friends with four more. She sells what is left at the market for two dollars an "
    "egg. On Sundays she also sells twelve jars of honey at five dollars a jar. How many dollars does she make in a "
    "week? Think step by step, write each step on a line of its own, and give the final number on the last line."
)


class Case(NamedTuple):
    name: str
    folder: Path
    prompt: Prompt
    spec: SamplingSpec
    sizes: tuple[int, ...]


class Sides(NamedTuple):
    engine: HfEngine
    plain: PreTrainedModel


def cases(chosen: str) -> list[Case]:
    all_cases = []
    if chosen in ("lab", "both"):
        (problem,) = load_problems("countdown", 1)
        prompt = render("plain", problem)
        for spec in (SamplingSpec(1.0, 1.0, max_tokens=24), SamplingSpec(0.6, 0.95, max_tokens=24)):
            all_cases.append(Case("lab", BASE_MODEL, prompt, spec, (1, 64, 1024)))
    if chosen in ("smollm2", "both"):
        spec = SamplingSpec(0.6, 0.95, max_tokens=32, form=PromptForm.CHAT)
        all_cases.append(Case("smollm2", smollm2_folder(), Prompt(QUESTION), spec, (16, 64)))
    return all_cases


def ours(sides: Sides, case: Case, n: int, seed: int) -> int:
    requests = [SampleRequest("p", case.prompt, i, sample_seed(seed, "p", i)) for i in range(n)]
    return sum(len(completion.token_ids) for _, completion in sides.engine.generate(requests, case.spec))


@torch.inference_mode()
def theirs(sides: Sides, case: Case, n: int, seed: int) -> int:
    torch.manual_seed(seed)
    ids = torch.tensor([sides.engine.encode(case.prompt, case.spec)])
    eos = sides.engine.eos_ids(case.spec)
    rows = sides.plain.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=True,
        temperature=case.spec.temperature,
        top_p=case.spec.top_p,
        top_k=case.spec.top_k or 0,
        max_new_tokens=case.spec.max_tokens,
        num_return_sequences=n,
        eos_token_id=sorted(eos),
        pad_token_id=min(eos),
    )[:, ids.shape[1] :].tolist()
    return sum(next((i + 1 for i, token in enumerate(row) if token in eos), len(row)) for row in rows)


def speed(side: Callable[[Sides, Case, int, int], int], sides: Sides, case: Case, n: int, seed: int) -> float:
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    tokens = side(sides, case, n, seed)
    return tokens / (clock() - start)


def spread(values: list[float], form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("lab", "smollm2", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--max-tokens", type=int, help="instead of 24 (lab) and 32 (smollm2)")
    parser.add_argument("--sizes", type=int, nargs="*", help="n, instead of those of the table")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"torch {version('torch')}, transformers {version('transformers')}, {args.threads} threads, {args.dtype}\n")
    print("| model | prompt tokens | T | top_p | max_tokens | n | hf, tokens/s | generate, tokens/s | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in cases(args.model):
        case = case._replace(spec=replace(case.spec, max_tokens=args.max_tokens or case.spec.max_tokens))
        plain = AutoModelForCausalLM.from_pretrained(case.folder, dtype=getattr(torch, args.dtype)).eval()
        sides = Sides(HfEngine.load(case.folder, dtype=args.dtype, device="cpu"), plain)
        length = len(sides.engine.encode(case.prompt, case.spec))
        for side in (ours, theirs):
            side(sides, case._replace(spec=SamplingSpec(max_tokens=2, form=case.spec.form)), 2, 0)  # warm up
        for n in args.sizes or case.sizes:
            rounds = [[speed(side, sides, case, n, seed) for side in (ours, theirs)] for seed in range(args.rounds)]
            mine, other = (list(column) for column in zip(*rounds, strict=True))
            ratios = [a / b for a, b in rounds]
            cells = (case.name, length, case.spec.temperature, case.spec.top_p, case.spec.max_tokens, n)
            numbers = (spread(mine, ",.0f"), spread(other, ",.0f"), spread(ratios, ".2f"))
            print("|", " | ".join(map(str, (*cells, *numbers))), "|", flush=True)


if __name__ == "__main__":
    main()
