"""Tokens per second of a whole sample_run through the engine vllm, against vLLM's own LLM.generate.

    make test-vllm    # once, for the environment
    .venv-vllm/bin/python -m benchmarks.vllm_throughput [--model smollm2] [--problems 4] [--samples 16]
        [--max-tokens 48] [--context 512] [--rounds 3]

All ways use one vLLM engine in one process, the same requests and the same seed a sample. Every round times each way
once, the first to go changing from round to round, after a round that is thrown away. The run is whole: rendering,
sampling, verification, store. Times are of the clock and of the CPU, that of vLLM's own processes included.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil
from transformers import AutoTokenizer
from vllm import LLM, SamplingParams, TokensPrompt

from beyondbase.pipeline import sample_run
from beyondbase.problems import load_problems, render
from beyondbase.sampling.model_source.names import resolve_model
from beyondbase.sampling.plan import Plan, requests_of
from beyondbase.sampling.vllm_engine import VllmEngine, sampling_params
from beyondbase.types import DrawRule, PromptForm, SampleRequest, SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

OURS, THEIRS, BARE = "sample_run", "LLM.generate", "LLM.generate without log-probabilities"
Ids = dict[int, list[int]]


def cpu_s() -> float:
    """CPU time of this process and of all that it started, user and system."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def engine_of(folder: Path, context: int) -> tuple[LLM, VllmEngine]:
    llm = LLM(
        str(folder),
        dtype="float32",
        enforce_eager=True,
        max_model_len=context,
        generation_config="vllm",
        logprobs_mode="processed_logprobs",
        enable_prefix_caching=True,
        enable_chunked_prefill=False,  # on a CPU vLLM cannot compute the prompt of a seeded request in parts
        seed=1,
    )
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return llm, VllmEngine(llm.llm_engine, tokenizer, frozenset({tokenizer.eos_token_id}))


def generated(llm: LLM, engine: VllmEngine, requests: list[SampleRequest], spec: SamplingSpec, bare: bool) -> Ids:
    """Call vLLM as its users do: all prompts and parameters at once."""
    params = [sampling_params(spec, request.seed, engine.eos_ids(spec)) for request in requests]
    if bare:
        params = [plain(spec, request.seed) for request in requests]
    encoded = {prompt: list(engine.encode(prompt, spec)) for prompt in {request.prompt for request in requests}}
    prompts = [TokensPrompt(prompt_token_ids=encoded[request.prompt]) for request in requests]
    outputs = llm.generate(prompts, params, use_tqdm=False)
    return {r.seed: list(output.outputs[0].token_ids) for r, output in zip(requests, outputs, strict=True)}


def plain(spec: SamplingSpec, seed: int) -> SamplingParams:
    return SamplingParams(
        temperature=spec.temperature, top_p=spec.top_p, top_k=spec.top_k or 0, seed=seed, max_tokens=spec.max_tokens
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    for name, default in (("problems", 4), ("samples", 16), ("max-tokens", 48), ("rounds", 3), ("context", 512)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--model", default="smollm2")
    given = asked.parse_args()
    llm, engine = engine_of(resolve_model(given.model).path, given.context)
    chat = bool(engine.tokenizer.chat_template)
    template, form = ("countdown-words", PromptForm.CHAT) if chat else ("plain", PromptForm.PLAIN)
    spec = SamplingSpec(max_tokens=given.max_tokens, template=template, form=form, seed=3)
    problems = load_problems("countdown", given.problems)
    rule = DrawRule(n_max=given.samples, stop_at=None)
    prompts = {problem.problem_id: render(spec.template, problem) for problem in problems}
    requests = requests_of(Plan([*prompts], rule).lease(), prompts, spec.seed)

    def ours() -> Ids:
        with tempfile.TemporaryDirectory() as folder:
            run = sample_run(Path(folder) / "run", problems, engine, spec, rule, CountdownVerifier())
            rows = run.samples().select("seed", "token_ids").collect().iter_rows()
            return {seed: list(ids) for seed, ids in rows}

    ways: dict[str, Callable[[], Ids]] = {
        OURS: ours,
        THEIRS: lambda: generated(llm, engine, requests, spec, bare=False),
        BARE: lambda: generated(llm, engine, requests, spec, bare=True),
    }
    found = {name: way() for name, way in ways.items()}
    same = sum(found[OURS][seed] == ids for seed, ids in found[THEIRS].items())
    print(f"{len(requests)} samples, {sum(map(len, found[OURS].values()))} tokens; {same} the same as LLM.generate's")
    clock: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(given.rounds):
        order = list(ways)[number % len(ways) :] + list(ways)[: number % len(ways)]
        for name in order:
            before, start = cpu_s(), perf_counter()
            tokens = sum(map(len, ways[name]().values()))
            clock[name].append(tokens / (perf_counter() - start))
            cpu[name].append(1000 * (cpu_s() - before) / tokens)
    for name in ways:
        ratio = median(a / b for a, b in zip(clock[OURS], clock[name], strict=True))
        print(
            f"{name}: {median(clock[name]):.1f} tokens/s, {min(cpu[name]):.2f} ms of CPU a token; "
            f"sample_run / it: {ratio:.3f} by the clock, {min(cpu[name]) / min(cpu[OURS]):.3f} by the CPU"
        )
    print(json.dumps({"tokens_per_s": clock, "cpu_ms_per_token": cpu}))


if __name__ == "__main__":
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    main()
