"""The table of a simulation, printed, or put between its marks in a document: python -m simulations.NAME [FILE]."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def table_command(name: str, table: Callable[[], str]) -> None:
    """Parse the command line of `simulations.NAME`, and print its table or write it between NAME's marks in a file."""
    parser = argparse.ArgumentParser(prog=f"python -m simulations.{name}")
    parser.add_argument("document", type=Path, nargs="?")
    document = parser.parse_args().document
    if document is None:
        print(table())
        return
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    document.write_text(f"{before}{begin}\n{table()}\n{end}{rest.split(end)[1]}", encoding="utf-8")
