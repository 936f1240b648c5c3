"""Scoring responses of the lab's base model against a loop of single forward passes, paired in one process.

    python benchmarks/scoring_speed.py [--problems 200] [--samples 500] [--blocks 10] [--every 10] [--model PATH]

The responses are drawn from the base model at temperature 1 and scored under `--model` (the same by default). Both
sides get the same token ids and the same weights in float32 on one thread. The loop does one forward pass over prompt
and response for each response, and takes the log-probabilities of its tokens; the scorer also gives entropies, ranks
and first choices. Blocks of whole problems alternate between the sides; the loop does every `--every`-th response of a
block and its time is multiplied by that (--every 1 does all). Times are CPU times of this process. A ratio is that of a
block: the median, and in brackets the least and most.
"""

from __future__ import annotations

import argparse
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.hf.score import HfScorer
from beyondbase.sampling.scorer import Response, Scored
from beyondbase.seeds import sample_seed
from beyondbase.types import SampleRequest, SamplingSpec


def drawn(scorer: HfScorer, problems: int, samples: int, blocks: int) -> list[list[Response]]:
    """Responses to each block of problems."""
    spec = SamplingSpec(1.0, 1.0, max_tokens=24)
    made: list[list[Response]] = [[] for _ in range(blocks)]
    for number, problem in enumerate(load_problems("countdown", problems)):
        prompt = render("plain", problem)
        seeds = (sample_seed(0, problem.problem_id, i) for i in range(samples))
        requests = [SampleRequest(problem.problem_id, prompt, i, seed) for i, seed in enumerate(seeds)]
        ids = scorer.encode(prompt, spec)
        made[number % blocks] += [Response(ids, list(c.token_ids)) for _, c in scorer.engine.generate(requests, spec)]
    return made


def ours(scorer: HfScorer, responses: list[Response]) -> list[float]:
    found = dict(scorer.score(responses))
    return [each.logprob_sum for i in range(len(found)) if isinstance(each := found[i], Scored)]


@torch.inference_mode()
def loop(model: PreTrainedModel, responses: list[Response]) -> list[float]:
    sums = []
    for prompt_ids, token_ids in responses:
        ids = torch.tensor([[*prompt_ids, *token_ids]])
        logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt_ids) - 1 : -1]
        log_p = torch.log_softmax(logits, dim=-1).gather(1, ids[0, len(prompt_ids) :, None])
        sums.append(log_p.double().sum().item())
    return sums


def n_prefixes(responses: list[Response]) -> int:
    """Distinct beginnings of responses to a prompt: the fewest tokens that any scorer has to compute."""
    return len({(p, tuple(ids[:end])) for p, ids in map(tuple, responses) for end in range(1, len(ids))})


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--model", type=Path, default=BASE_MODEL)
    args = parser.parse_args()
    torch.set_num_threads(1)
    scorer = HfScorer.load(args.model, device="cpu", dtype="float32")
    plain = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    blocks = drawn(HfScorer.load(BASE_MODEL, device="cpu"), args.problems, args.samples, args.blocks)
    ours(scorer, blocks[0][:50]), loop(plain, blocks[0][:50])  # warm up
    seconds, off = [], 0.0
    for number, block in enumerate(blocks):
        took, sums = {}, {}
        for side in ("ours", "loop") if number % 2 else ("loop", "ours"):
            start = time.process_time()
            sums[side] = ours(scorer, block) if side == "ours" else loop(plain, block[:: args.every])
            took[side] = (time.process_time() - start) * (1 if side == "ours" else args.every)
        seconds.append(took)
        off = max(off, *(abs(a - b) for a, b in zip(sums["ours"][:: args.every], sums["loop"], strict=True)))
    everything = [response for block in blocks for response in block]
    tokens = sum(len(response.token_ids) for response in everything)
    unique = {(p, tuple(ids)) for p, ids in map(tuple, everything)}
    print(f"torch {version('torch')}, transformers {version('transformers')}, one thread, {len(blocks)} blocks")
    print(f"responses {len(everything):,}, tokens {tokens:,}, prompts {args.problems:,}")
    print(f"distinct: responses {len(unique):,}, tokens {sum(len(ids) for _, ids in unique):,}", end="")
    print(f", beginnings {n_prefixes(everything):,}")
    for side, name in (("ours", "scorer"), ("loop", "loop")):
        total = sum(took[side] for took in seconds)
        print(f"{name}: {total:.1f} s of CPU, {len(everything) / total:,.0f} responses a second")
    print(f"ratio of a block: {spread([took['loop'] / took['ours'] for took in seconds])}")
    print(f"largest difference of a response's log-probability: {off:.1e} nats")


if __name__ == "__main__":
    main()
