"""Bring a published problem set from its makers' repository: whole and checked, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import httpx

from beyondbase.durable import write_whole, writing
from beyondbase.errors import BadInput
from beyondbase.problems.on_disk import data_folder, problems_in
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.published import PUBLISHED, Upstream
from beyondbase.types import Progress

HOST = "https://raw.githubusercontent.com"
_PATIENCE_S = 30.0
"""without a byte, after which a download is given up"""


def bring(name: str, progress: Progress) -> ProblemSet:
    """Download the files of a set, check them and write them; raises BadInput, and writes nothing, if one is not it.

    A file is written once all of them are checked, and whole.
    """
    published, folder = PUBLISHED[name], data_folder() / name
    total = sum(file.size for file in published.files)
    contents, before = list[bytes](), 0
    with httpx.Client(timeout=_PATIENCE_S) as client:
        for file in published.files:
            contents.append(_get(client, file, _reporter(progress, f"get {name}", before, total)))
            before += file.size
    problems = problems_in(name, published, contents)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(published.files, contents, strict=True):
        write_whole(folder / file.name, content)
    return problems


def _get(client: httpx.Client, file: Upstream, report: Callable[[int], None]) -> bytes:
    url = f"{HOST}/{file.repository}/{file.commit}/{quote(file.path)}"
    content = bytearray()
    try:
        # as it is: what unpacks on the way could be of any size
        with client.stream("GET", url, headers={"accept-encoding": "identity"}) as reply:
            if reply.status_code != httpx.codes.OK:
                raise _failed(url, f"the server answered {reply.status_code}")
            for piece in reply.iter_raw():
                content += piece
                if len(content) > file.size:
                    raise _failed(url, f"it is larger than {file.size:,} bytes")
                report(len(content))
    except httpx.HTTPError as error:
        raise _failed(url, f"{type(error).__name__}: {error}") from None
    return bytes(content)


def _failed(url: str, why: str) -> BadInput:
    return BadInput(
        f"data: expected {url}, cannot get it ({why}); try again, or bring the file from elsewhere into "
        f"a folder of its set's name in {data_folder()}"
    )


def _reporter(progress: Progress, stage: str, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(stage, before + done, total, "bytes")
