"""The key stands nowhere but in the header of a request."""

from __future__ import annotations

import dataclasses
import logging
import traceback
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.exchange import Patience
from beyondbase.sampling.options import ServerOptions
from beyondbase.types import DrawRule, Problem, PromptForm, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.sampling.openai_api.faulty_server import Fault, Script, serving

KEY = 'sk-"xyzzy"/key+1234567890'
PARTS = ("xyzzy", "1234567890")
SPEC = SamplingSpec(max_tokens=50, form=PromptForm.CHAT)
PROBLEMS = ProblemSet("two", tuple(Problem(f"p{i}", f"what is {i}", f'{{"answer": {i}}}') for i in range(2)))
# By sample index: each fault that has words of the server in it, and each that ends the run.
FAULTS = [None, Fault.ECHO, Fault.NO_CHOICES, Fault.HALF_JSON, Fault.RESET, Fault.HANG, Fault.REFUSED]


def stored(path: Path) -> str:
    """All that a file says, the compressed columns of a part included."""
    columns = str(pl.read_parquet(path).to_dicts()) if path.suffix == ".parquet" else ""
    return path.read_bytes().decode("latin-1") + columns


@pytest.mark.parametrize("ending", [None, Fault.NO_KEY, Fault.CUT])
def test_a_planted_key_is_found_nowhere_whatever_fails(
    ending: Fault | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    asked: list[int] = []

    def fault(body: object, attempt: int) -> Fault | None:
        asked.append(attempt)
        return ending if ending and len(asked) > 20 else FAULTS[len(asked) % len(FAULTS)]

    script = Script(faults=fault)
    said: list[str] = []
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, api_key_env="MY_KEY", timeout_s=0.3))
        engine.patience = Patience(2, 0.001, 0.01)
        said += [repr(engine), str(engine), repr(dataclasses.replace(engine))]
        try:
            run = sample_run(tmp_path / "run", PROBLEMS, engine, SPEC, DrawRule(20, None), ExactMatch())
            assert run.n_failed() > 0 and ending is None
        except BeyondbaseError as error:
            assert ending is not None
            said += [str(error), repr(error), *traceback.format_exception(error)]
    assert script.headers and set(script.headers) == {f"Bearer {KEY}"}
    said += [caplog.text, *(str(record.__dict__) for record in caplog.records), *capfd.readouterr()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "manifest.json" for path in files)
    said += [stored(path) for path in files]
    assert not [text for text in said if any(part in text for part in PARTS)]


def test_the_reason_of_a_failure_is_kept_without_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with serving(Script(faults=lambda body, attempt: Fault.ECHO if body["seed"] % 2 else None)) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, api_key_env="MY_KEY", retries=0))
        run = sample_run(tmp_path / "run", PROBLEMS, engine, SPEC, DrawRule(20, None), ExactMatch())
    assert run.n_failed() > 0
    assert any("authorization': 'bearer ***'" in stored(path).lower() for path in run.path.rglob("samples/*.parquet"))


@pytest.mark.parametrize("url", ["http://user:xyzzy@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=xyzzy"])
def test_an_address_with_a_secret_in_it_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadInput, match="without user, password, query or fragment") as caught:
        OpenAiEngine.connect("m", ServerOptions(base_url=url))
    assert "xyzzy" not in str(caught.value)


@pytest.mark.parametrize("name", [KEY, "sk-xyzzy-1234567890"])
def test_a_key_in_place_of_the_name_of_a_variable_is_not_repeated(name: str) -> None:
    with pytest.raises(BadInput, match="expected the name of an environment variable") as caught:
        OpenAiEngine.connect("m", ServerOptions(base_url="http://127.0.0.1:1/v1", api_key_env=name))
    assert "xyzzy" not in str(caught.value)


@pytest.mark.parametrize("key", ["xyzzy\n", "xyz zy xyzzy", "xyzzý xyzzy"])
def test_a_key_that_no_header_holds_is_refused_and_not_repeated(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(BadInput, match="MY_KEY: expected a key of visible ASCII characters") as caught:
        OpenAiEngine.connect("m", ServerOptions(base_url="http://127.0.0.1:1/v1", api_key_env="MY_KEY"))
    assert "xyzzy" not in str(caught.value)


def test_a_variable_that_is_named_must_be_set_and_the_usual_one_need_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    script = Script()
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url))
        assert engine.connection.headers() == {"Content-Type": "application/json"}
        with pytest.raises(BadInput, match="the environment variable it names is not set"):
            OpenAiEngine.connect("m", ServerOptions(base_url=url, api_key_env="NOT_SET_ANYWHERE"))
