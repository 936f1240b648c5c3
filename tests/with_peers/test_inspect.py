"""Inspect itself reads what we write, and we read what it writes: the same samples, the same scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from inspect_ai.log._recorders.chunked import convert_eval_logs_to_chunked
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes, match
from inspect_ai.solver import generate

from beyondbase.interop.export.inspect_log import write_inspect_log
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats.inspect import read
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.store import Run
from beyondbase.types import Finish, Verdict

TEXTS = (("It is 4", "stop"), ("three", "stop"), ("long " * 40, "max_tokens"))
OURS = Path(__file__).parents[1] / "interop" / "logs" / "inspect"


def outputs() -> Iterator[ModelOutput]:
    while True:
        for text, stop in TEXTS:
            output = ModelOutput.from_content("tiny", text, stop_reason=stop)  # type: ignore[arg-type]
            output.usage = ModelUsage(input_tokens=3, output_tokens=len(text.split()), total_tokens=9)
            yield output


@pytest.fixture(params=["eval", "json"])
def theirs(tmp_path: Path, request: pytest.FixtureRequest) -> EvalLog:
    """Two problems, three epochs: the texts come round in turn."""
    samples = [Sample(id="sums/0", input="2 + 2?", target="4"), Sample(id="q2", input="3?", target=["3", "three"])]
    task = Task(dataset=samples, solver=[generate()], scorer=[match(), includes()], name="sums")
    model = get_model("mockllm/model", custom_outputs=outputs())
    [log] = evaluate(
        task, model=model, epochs=3, log_dir=str(tmp_path / "logs"), log_format=request.param, temperature=0.6,
        max_tokens=40, display="none", max_connections=1, max_samples=1,
    )  # fmt: skip
    assert log.status == "success"
    return log


def one_log(path: str | Path) -> ForeignLog:
    [log] = read([Path(path)], ReadOptions())
    return log


def check(path: str | Path, log: EvalLog) -> None:
    ours = one_log(path)
    assert (ours.model, ours.scorer) == ("mockllm/model", "match")
    assert ours.settings == {"temperature": 0.6, "max_tokens": 40}
    rows = {(row.problem_id, row.samples[0].sample_index): row.samples[0] for row in ours.rows(lambda n_bytes: None)}
    assert len(rows) == 6
    for sample in log.samples or []:
        mine = rows[str(sample.id), sample.epoch - 1]
        assert mine.text == sample.output.completion and mine.n_tokens == sample.output.usage.output_tokens
        assert (mine.verdict is Verdict.CORRECT) == (sample.scores["match"].value == "C")
        assert (mine.finish is Finish.LENGTH) == (sample.output.stop_reason == "max_tokens")


def test_we_read_what_inspect_writes(theirs: EvalLog) -> None:
    check(theirs.location, theirs)


@pytest.mark.parametrize("theirs", ["eval"], indirect=True)
def test_we_read_samples_in_chunks(theirs: EvalLog, tmp_path: Path) -> None:
    convert_eval_logs_to_chunked(theirs.location, output_dir=str(tmp_path / "chunked"))
    [path] = (tmp_path / "chunked").iterdir()
    check(path, theirs)


def test_inspect_reads_what_we_write_and_writes_it_again(tmp_path: Path) -> None:
    ours = import_log(one_log(next(OURS.glob("*.eval"))), "inspect", tmp_path / "run", ImportOptions()).run
    path = write_inspect_log(ours, tmp_path / "log.json")
    log = read_eval_log(str(path))
    assert log.status == "success" and log.eval.model == "org/tiny" and log.eval.config.epochs == 3
    assert (log.plan.config.temperature, log.plan.config.stop_seqs) == (0.6, ["Q:"])
    scored = Counter(sample.scores[ours.manifest.verifier].value for sample in log.samples or [])
    assert scored == {"C": 2, "I": 2, "N": 1}
    [cut] = [one for one in log.samples or [] if one.output.stop_reason == "max_tokens"]
    assert (cut.id, cut.epoch, cut.output.usage.output_tokens) == ("a/2", 2, 5)
    write_eval_log(log, str(tmp_path / "again.eval"))
    again = import_log(one_log(tmp_path / "again.eval"), "inspect", tmp_path / "again", ImportOptions()).run
    assert states(again) == states(ours)


def states(run: Run) -> list[tuple[object, ...]]:
    return sorted(run.states().rows())
