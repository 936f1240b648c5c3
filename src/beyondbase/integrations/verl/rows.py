"""A problem set as the Parquet file that verl reads, and a row of it as the problem it was."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from beyondbase.durable import write_whole, writing
from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, render
from beyondbase.sampling.messages import messages
from beyondbase.types import Problem, PromptForm, SamplingSpec

SCHEMA = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct(
                [
                    ("index", pa.int64()),
                    ("problem_id", pa.string()),
                    ("question", pa.string()),
                    ("verifier", pa.string()),
                    ("template", pa.string()),
                ]
            ),
        ),
    ]
)
AS_IT_IS = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""chat template of a plain prompt: verl knows chats alone, and this one adds nothing to what is asked"""


class Extra(BaseModel):
    """What a row tells the reward beside the reference."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    problem_id: str
    question: str
    verifier: str
    """as it was asked for: a name in VERIFIERS or module:function"""


def rows_of(problem_set: ProblemSet, spec: SamplingSpec, verifier: str | None = None) -> list[dict[str, Any]]:
    """Make a row of each problem, in the schema of verl's RLHFDataset; raises BadInput for problems with images.

    `ground_truth` is the problem's reference, which only its verifier reads; `extra_info` has the rest of it.

    >>> from beyondbase.types import Problem
    >>> [row] = rows_of(ProblemSet("one", (Problem("a", "6 * 7 =", '{"answer": 42}'),)), SamplingSpec())
    >>> row["prompt"], row["data_source"]
    ([{'role': 'user', 'content': '6 * 7 ='}], 'beyondbase/one')
    >>> row["extra_info"]["problem_id"], row["extra_info"]["verifier"]
    ('a', 'exact')
    """
    template, verifier = spec.template or problem_set.template, verifier or problem_set.verifier
    return [
        {
            "data_source": f"beyondbase/{problem_set.name}",
            "prompt": _asked(problem, template, spec),
            "ability": verifier,
            "reward_model": {"style": "rule", "ground_truth": problem.reference},
            "extra_info": {
                "index": index,
                "problem_id": problem.problem_id,
                "question": problem.question,
                "verifier": verifier,
                "template": template,
            },
        }
        for index, problem in enumerate(problem_set)
    ]


def _asked(problem: Problem, template: str, spec: SamplingSpec) -> list[dict[str, Any]]:
    if problem.images:
        raise BadInput(f"problem {problem.problem_id!r}: expected text alone, got images; train on sets without them")
    prompt = render(template, problem)
    return messages(prompt, spec) if spec.form is PromptForm.CHAT else [{"role": "user", "content": prompt.text}]


def write_rows(problem_set: ProblemSet, path: Path, spec: SamplingSpec, verifier: str | None = None) -> Path:
    """Write a problem set as a Parquet file for verl's `data.train_files` and `data.val_files`."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows_of(problem_set, spec, verifier), schema=SCHEMA), sink)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sink.getvalue())
    return path


def problem_of(ground_truth: object, extra_info: Mapping[str, Any] | None) -> tuple[Problem, str]:
    """Return the problem of a row, and the name of its verifier; raises BadInput for a row of other makers.

    >>> problem_of('{"answer": 42}', {"problem_id": "a", "question": "6 * 7 =", "verifier": "exact"})[1]
    'exact'
    """
    try:
        extra = Extra.model_validate(dict(extra_info or {}))
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise BadInput(
            f"extra_info.{name}: expected the text that `beyondbase train verl` writes, got "
            f"{(extra_info or {}).get(name)!r}; write the rows with it"
        ) from None
    if not isinstance(ground_truth, str):
        raise BadInput(
            f"reward_model.ground_truth: expected the reference of {extra.problem_id!r} as text, got {ground_truth!r}; "
            "write the rows with `beyondbase train verl`"
        )
    return Problem(extra.problem_id, extra.question, ground_truth), extra.verifier
