"""A run to be killed: `python killed_vllm_run.py PATH` samples the small base model through vLLM."""

from __future__ import annotations

import sys
from pathlib import Path

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline import sample_run
from beyondbase.problems import load_problems
from beyondbase.sampling.options import VllmOptions
from beyondbase.sampling.vllm_engine import VllmEngine
from beyondbase.store import Run, part_writer
from beyondbase.types import DrawRule, SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

SMALL = VllmOptions(vllm_args='{"dtype": "float32", "enforce_eager": true, "max_num_batched_tokens": 128}')
SPEC = SamplingSpec(1.0, 1.0, max_tokens=24, seed=5)


def draw(path: Path, engine: VllmEngine) -> Run:
    rule = DrawRule(n_max=200, stop_at=None)
    return sample_run(path, load_problems("countdown", 8), engine, SPEC, rule, CountdownVerifier())


if __name__ == "__main__":
    # Many small commits: a kill then finds some of the run on disk, and not all.
    part_writer.COMMIT_ROWS = 20
    draw(Path(sys.argv[1]), VllmEngine.load(BASE_MODEL, SMALL))
