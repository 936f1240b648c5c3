"""Importing lm-eval logs against `json.loads` alone on the same lines, in turn, a process a measurement.

    python benchmarks/import_speed.py [--rows 1000000] [--problems 1000] [--chars 1500] [--blocks 3] [--keep FOLDER]

The logs are made first: --rows rows of `--log_samples` (a row a problem and repetition, one response of --chars
characters each), a file for each repetition of all problems. One side is `beyondbase import lm-eval FOLDER --verifier
none`, the whole command; the other reads the same files line by line and calls `json.loads`, and nothing else. Each
measurement is a process of its own; given are its CPU time and its peak memory, and the ratio of the two sides of a
block: the median, and in brackets the least and most. The import is checked: rows, problems, correct ones.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PARSE = (
    "import json, pathlib, sys\n"
    "for file in sorted(pathlib.Path(sys.argv[1]).rglob('samples_*.jsonl')):\n"
    "    with open(file, 'rb') as lines:\n"
    "        for line in lines:\n"
    "            json.loads(line)\n"
)


def make_logs(folder: Path, rows: int, problems: int, chars: int) -> int:
    """Write the logs; returns how many responses are correct."""
    folder.mkdir(parents=True)
    chance, correct = random.Random(0), 0
    words = ["so", "the", "sum", "of", "then", "we", "have", "x", "=", "12", "\\frac{1}{2}", "\n", "therefore", "is"]
    filler = [" ".join(chance.choices(words, k=chars // 4))[:chars] for _ in range(997)]
    for repeat in range(rows // problems):
        hour, minute = divmod(repeat, 60)
        day = f"2026-01-{1 + hour // 24:02d}T{hour % 24:02d}-{minute:02d}-00.000000"
        with open(folder / f"samples_gsm8k_{day}.jsonl", "w", encoding="utf-8") as file:
            for doc in range(problems):
                right = chance.random() < doc / problems
                correct += right
                file.write(json.dumps(row(doc, chance.choice(filler), right)) + "\n")
    return correct


def row(doc: int, text: str, right: bool) -> dict[str, object]:
    question = f"What is {doc} plus {doc}? " + "Think of it as a story about apples. " * 5
    response = f"{text} The answer is \\boxed{{{2 * doc if right else 2 * doc + 1}}}"
    arguments = {"until": ["Question:"], "do_sample": True, "temperature": 0.6, "top_p": 0.95, "max_gen_toks": 512}
    return {
        "doc_id": doc,
        "doc": {"question": question, "answer": f"It is twice {doc}. #### {2 * doc}"},
        "target": str(2 * doc),
        "arguments": {"gen_args_0": {"arg_0": f"Question: {question}\nAnswer:", "arg_1": arguments}},
        "resps": [[response]],
        "filtered_resps": [str(2 * doc if right else 2 * doc + 1)],
        "filter": "strict-match",
        "metrics": ["exact_match"],
        "doc_hash": "0" * 64,
        "prompt_hash": "0" * 64,
        "target_hash": "0" * 64,
        "exact_match": float(right),
    }


def measured(words: list[str]) -> tuple[float, float]:
    """CPU seconds and peak MiB of a command."""
    reporter = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=2); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    said = subprocess.run([sys.executable, "-c", reporter, *words], check=True, stdout=subprocess.PIPE, text=True)
    seconds, mib = said.stdout.split()
    return float(seconds), float(mib)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--problems", type=int, default=1_000)
    parser.add_argument("--chars", type=int, default=1_500)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--keep", type=Path, default=None)
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp())
    logs, ratios, parses, imports, peaks = folder / "logs", [], [], [], []
    correct = make_logs(logs, args.rows, args.problems, args.chars)
    size = sum(file.stat().st_size for file in logs.rglob("*.jsonl"))
    print(f"{args.rows:,} rows in {len(list(logs.iterdir())):,} files, {size / 1e9:.2f} GB", flush=True)
    for block in range(args.blocks):
        out = folder / f"run-{block}"
        parse_s, parse_mib = measured([sys.executable, "-c", PARSE, str(logs)])
        command = ["import", "lm-eval", str(logs), "--out", str(out), "--verifier", "none"]
        import_s, import_mib = measured([str(Path(sys.executable).with_name("beyondbase")), *command])
        check(out, args.rows, args.problems, correct)
        shutil.rmtree(out)
        ratios.append(import_s / parse_s)
        parses.append(parse_s)
        imports.append(import_s)
        peaks.append(import_mib)
        print(
            f"json.loads {parse_s:.1f} s, {parse_mib:.0f} MiB; import {import_s:.1f} s, {import_mib:.0f} MiB",
            flush=True,
        )
    print(f"import {spread(imports)} s, json.loads {spread(parses)} s, ratio of a block {spread(ratios)}")
    print(
        f"peak memory of the import {spread(peaks)} MiB; of this process {resource.getrusage(0).ru_maxrss / 1024:.0f}"
    )
    if args.keep is None:
        shutil.rmtree(folder)


def check(out: Path, rows: int, problems: int, correct: int) -> None:
    """Compare what was imported with what was written."""
    code = (
        "import sys, beyondbase as bb; counts = bb.open_run(sys.argv[1]).counts(); "
        "print(len(counts), int(counts.n_P.sum()), int(counts.c_P.sum()))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(out)], check=True, stdout=subprocess.PIPE, text=True)
    found = [int(number) for number in said.stdout.split()]
    assert found == [problems, rows, correct], f"expected {[problems, rows, correct]}, found {found}"


if __name__ == "__main__":
    main()
