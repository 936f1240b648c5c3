"""How a writer comes to its run: by making it, or by checking that it can go on with it."""

from __future__ import annotations

from collections.abc import Sequence

from beyondbase.durable import TEMPORARY
from beyondbase.errors import StoreError
from beyondbase.store import problem_file
from beyondbase.store.lock import PREFIX
from beyondbase.store.manifest import FILE_NAME, RunManifest, check_resumable, find_manifest, manifest_text
from beyondbase.store.place import Place, names, put, remove
from beyondbase.store.problem_file import problems_to_ask, read_problem_ids, write_problems
from beyondbase.store.run_store import Run, open_run
from beyondbase.store.url_path import UrlPath
from beyondbase.types import Problem


def open_to_write(path: Place, wanted: RunManifest | None, problems: Sequence[Problem]) -> Run:
    """Make the run, or check that it goes on, with a larger n_max and more problems where asked; None: as it is.

    Within `starting`, so that nobody else does the same.
    """
    if wanted is None:
        return open_run(path)
    stored = find_manifest(path) or _made_meanwhile(path)
    if stored is None:
        write_problems(path, problems)
        manifest = wanted.identified()
    else:
        manifest = check_resumable(path, stored, wanted)
        _add_problems(path, problems)
    # The manifest comes last: a run that has one is whole, and one without the newest problems gets it next time.
    if manifest != stored:
        put(path / FILE_NAME, manifest_text(manifest).encode())
    return open_run(path)


def remove_temporaries(path: Place, writer: str | None) -> None:
    """Remove what killed writers left behind: all of it (None), or that of one writer and of the run's own files."""
    if isinstance(path, UrlPath):
        return
    by_name = [path / kind / name for kind in ("verdicts", "scores") for name in names(path / kind)]
    for folder in [path, path / "samples", *by_name]:
        for name in names(folder):
            mine = writer is None or folder == path or name.startswith(f".part-{writer}-")
            if name.startswith(".") and name.endswith(TEMPORARY) and mine:
                remove(folder / name)


def _made_meanwhile(path: Place) -> RunManifest | None:
    """Check that the folder is free for a new run; of one that another process made just now, read the manifest.

    That happens at a URL, where nothing locks. Two that make it at once from the same settings write the same.
    """
    there = {*names(path)}
    if FILE_NAME in there:
        return find_manifest(path)
    foreign = sorted(name for name in there - {problem_file.FILE_NAME} if not name.startswith(PREFIX))
    if foreign:
        raise StoreError(
            f"{path}: expected a run or an empty folder, found {foreign[0]!r} and no {FILE_NAME}; choose another folder"
        )
    return None


def _add_problems(path: Place, problems: Sequence[Problem]) -> None:
    stored, asked = read_problem_ids(path), problems_to_ask(path, problems)
    if [problem.problem_id for problem in asked] != [problem.problem_id for problem in problems]:
        raise StoreError(
            f"{path}: expected the problems of this run first, in their order, and new ones after them; "
            "if they were added a moment ago, run the same command again"
        )
    if len(asked) > len(stored):
        write_problems(path, asked)
