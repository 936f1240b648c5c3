"""Published sets: from a folder, from a file of the user's, from their makers' server; whole and checked, or not."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import ProblemSet, download, load_problems, on_disk
from beyondbase.problems.published import PUBLISHED, Published, Upstream
from beyondbase.types import silent

SHARED = Path(__file__).parents[3] / "shared" / "data"
ROWS: dict[str, list[dict[str, Any]]] = {
    "gsm8k": [{"question": "Twice 600?", "answer": "2 * 600 = <<2*600=1200>>1200\n#### 1,200"}],
    "math500": [{"problem": "Half?", "solution": "s", "answer": "\\frac{1}{2}", "subject": "Algebra", "level": 2}],
    "aime24": [{"id": 60, "problem": "x", "question": "Which?", "answer": "025"}],
    "amc23": [{"id": 0, "problem": "x", "question": "Which? ", "answer": 27.0}],
    "minerva": [{"problem": "How far?", "solution": "So \\boxed{3 \\times 10^{8}\n} m.", "type": "Waves", "idx": 0}],
    "olympiadbench": [
        {"question": "All?", "final_answer": ["$1,2$"], "subfield": "Algebra", "answer_type": "Numerical"},
    ],
    "humaneval": [{"task_id": "H/0", "prompt": "def f():\n ", "entry_point": "f", "test": "def check(c):\n pass\n"}],
}
ANSWERS = {
    "gsm8k": "1200",
    "math500": "\\frac{1}{2}",
    "aime24": "25",
    "amc23": "27",
    "minerva": "3 \\times 10^{8}",
    "olympiadbench": "1,2",
}


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def small(name: str, *contents: bytes, n_rows: int = 1) -> Published:
    """A set's entry with these contents for its files."""
    files = [
        Upstream("org/repo", "0" * 40, file.path, len(content), hashlib.sha256(content).hexdigest())
        for file, content in zip(PUBLISHED[name].files, contents, strict=True)
    ]
    return replace(PUBLISHED[name], files=tuple(files), n_rows=n_rows)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that sets are looked for in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BEYONDBASE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


Serve = Callable[..., None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A server that gives one reply to everything."""
    reply: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = reply["content"]
            self.send_response(reply["status"])
            self.send_header("content-length", str(reply["told"] or len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(download, "HOST", f"http://127.0.0.1:{server.server_port}")

    def answer(content: bytes, status: int = 200, told: int | None = None) -> None:
        reply.update(content=content, status=status, told=told)

    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


def put(home: Path, name: str, content: bytes) -> Path:
    file = home / name / PUBLISHED[name].files[0].name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("name", ANSWERS)
def test_a_row_as_published_becomes_a_problem_with_its_bare_answer(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = lines(*ROWS[name])
    monkeypatch.setitem(PUBLISHED, name, small(name, content))
    put(home, name, content)
    problems = load_problems(name)
    (problem,) = problems
    assert (problems.name, problems.verifier, problems.template) == (name, "math", "boxed")
    assert json.loads(problem.reference) == {"answer": ANSWERS[name]}
    assert problem.problem_id == f"{name}/0000" and problem.question[-1] == "?"


def test_programs_are_unpacked_and_their_prompt_kept_to_the_space(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = gzip.compress(lines(*ROWS["humaneval"]))
    monkeypatch.setitem(PUBLISHED, "humaneval", small("humaneval", content))
    put(home, "humaneval", content)
    problems = load_problems("humaneval")
    assert (problems.verifier, problems.template, problems.problems[0].question) == ("code", "plain", "def f():\n ")
    assert json.loads(problems.problems[0].reference)["style"] == "humaneval"


def test_a_set_in_two_files_is_joined_row_by_row(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = gzip.compress(lines({"task_id": 2, "prompt": "Find f.", "test": "assert f()"}))
    prompts = gzip.compress(lines({"task_id": "Mbpp/2", "prompt": '"""Find f."""\n', "entry_point": "f"}))
    entry = small("mbpp+", tests, prompts)
    monkeypatch.setitem(PUBLISHED, "mbpp+", entry)
    for file, content in zip(entry.files, (tests, prompts), strict=True):
        (home / "mbpp+").mkdir(parents=True, exist_ok=True)
        (home / "mbpp+" / file.name).write_bytes(content)
    (problem,) = load_problems("mbpp+")
    reference = json.loads(problem.reference)
    assert (problem.question, reference["style"], reference["entry_point"]) == ('"""Find f."""\n', "mbpp", "f")


@pytest.mark.parametrize("solution", ["no box", "\\boxed{1} and \\boxed{2}", "\\boxed{1"])
def test_a_solution_without_its_one_box_is_not_guessed_at(
    solution: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = lines({**ROWS["minerva"][0], "solution": solution})
    monkeypatch.setitem(PUBLISHED, "minerva", small("minerva", content))
    put(home, "minerva", content)
    with pytest.raises((ValueError, IndexError)):
        load_problems("minerva")


def test_a_missing_set_is_told_with_the_command_that_brings_it(home: Path) -> None:
    with pytest.raises(BadInput, match=r"expected gsm8k in .*gsm8k, found none; bring it: `beyondbase data get gsm8k`"):
        load_problems("gsm8k")


def test_a_changed_file_or_another_number_of_rows_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines(*ROWS["gsm8k"])
    monkeypatch.setitem(PUBLISHED, "gsm8k", small("gsm8k", content, n_rows=2))
    file = put(home, "gsm8k", content)
    with pytest.raises(BadInput, match="expected 2 rows in gsm8k, got 1"):
        load_problems("gsm8k")
    file.write_bytes(content.replace(b"Twice", b"Trice"))
    with pytest.raises(BadInput, match=r"expected test.jsonl of gsm8k with sha256 .*, got .*; bring it again"):
        load_problems("gsm8k")


def test_a_file_of_ones_own_is_read_by_its_columns_and_judged_as_the_set_is(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(lines({"id": "a", "question": "1 + 1", "answer": "2"}))
    problems = load_problems(f"math500={file}")
    assert (problems.name, problems.verifier, problems.template) == ("mine", "math", "boxed")
    with pytest.raises(BadInput, match=r"expected .*mine.jsonl with rows as humaneval has them"):
        load_problems(f"humaneval={file}")
    with pytest.raises(BadInput, match=r"absent.jsonl: expected a UTF-8 JSONL file"):
        load_problems(f"gsm8k={tmp_path / 'absent.jsonl'}")


def test_an_answer_in_a_file_of_ones_own_is_cleaned_as_the_set_s_are(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_bytes(lines(*ROWS["gsm8k"], {"question": "One?", "answer": 1}))
    references = [problem.reference for problem in load_problems(f"gsm8k={file}")]
    assert references == ['{"answer": "1200"}', '{"answer": "1"}']
    assert [p.reference for p in load_problems(f"minerva={file}")][1] == '{"answer": 1}'
    with pytest.raises(BadInput, match=r"problem .*: could not convert string to float"):
        load_problems(f"aime24={file}")


def test_the_published_file_is_known_by_its_hash_wherever_it_lies(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = lines(*ROWS["gsm8k"])
    monkeypatch.setitem(PUBLISHED, "gsm8k", small("gsm8k", content))
    (tmp_path / "any.jsonl").write_bytes(content)
    problems = load_problems(f"gsm8k={tmp_path / 'any.jsonl'}")
    assert problems.name == "gsm8k" and problems.problems[0].reference == '{"answer": "1200"}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "expected gzip, got something else"),
        (gzip.compress(bytes(5000))[:-4], "got a torn file"),
        (gzip.compress(bytes(50_000)), "got more"),
    ],
)
def test_gzip_is_unpacked_to_a_bound(content: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "_MOST_UNPACKED", 10_000)
    assert on_disk.unpacked(gzip.compress(b"a" * 10_000), "x.gz") == b"a" * 10_000
    with pytest.raises(BadInput, match=f"x.gz: .*{message}"):
        on_disk.unpacked(content, "x.gz")


def test_what_is_brought_is_there_from_then_on(home: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    content, told = lines(*ROWS["gsm8k"]), list[tuple[int, int]]()
    monkeypatch.setitem(PUBLISHED, "gsm8k", small("gsm8k", content))
    serve(content)
    brought = download.bring("gsm8k", lambda stage, done, total, note="": told.append((done, total)))
    assert told[-1] == (len(content), len(content))
    assert load_problems("gsm8k") == brought
    assert [path.name for path in (home / "gsm8k").iterdir()] == ["test.jsonl"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: {"content": content[:-1] + b" "}, "expected test.jsonl of gsm8k with sha256"),
        (lambda content: {"content": content * 2}, "cannot get it .it is larger than"),
        (lambda content: {"content": content[:9], "told": len(content)}, "cannot get it .RemoteProtocolError"),
        (lambda content: {"content": content[:9]}, "expected test.jsonl of gsm8k with sha256"),
        (lambda content: {"content": b"gone", "status": 404}, "cannot get it .the server answered 404"),
    ],
)
def test_what_is_not_the_set_leaves_nothing_behind(
    change: Callable[[bytes], dict[str, Any]], message: str, home: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = lines(*ROWS["gsm8k"])
    monkeypatch.setitem(PUBLISHED, "gsm8k", small("gsm8k", content))
    serve(**change(content))
    with pytest.raises(BadInput, match=message):
        download.bring("gsm8k", silent)
    assert not home.exists()


def test_no_network_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "HOST", "http://127.0.0.1:9")
    with pytest.raises(BadInput, match=r"cannot get it .ConnectError.*; try again, or bring the file from elsewhere"):
        download.bring("gsm8k", silent)
    assert not home.exists()


def test_each_entry_names_one_state_of_its_files() -> None:
    for name, published in PUBLISHED.items():
        for file in published.files:
            assert (len(file.commit), len(file.sha256)) == (40, 64), name


def test_the_sets_in_normal_form_are_read_whole() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data")
    files = {"gsm8k": "gsm8k_test", "minerva": "minerva_math", "humaneval+": "humaneval_plus", "mbpp+": "mbpp_plus"}
    for name, published in PUBLISHED.items():
        problems: ProblemSet = load_problems(f"{name}={SHARED / files.get(name, name)}.jsonl")
        assert (len(problems), problems.verifier) == (published.n_rows, published.verifier)
