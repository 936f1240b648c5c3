"""What a model's name means, with and without a network; nothing here is downloaded."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.sampling.model_source.names import resolve_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RESOLVE = """
import sys
from beyondbase.errors import BadInput
from beyondbase.sampling.model_source.names import resolve_model
for name in sys.argv[1:]:
    try:
        print(*resolve_model(name), sep="|")
    except BadInput as error:
        print(error)
"""


def cached_repository(hub: Path, repo: str, source: Path, kind: str = "models") -> Path:
    """Lay a folder into a hub cache as a download does: a ref, a snapshot, and links to blobs."""
    folder = hub / f"{kind}--{repo.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    for place in (folder / "refs", folder / "blobs", snapshot):
        place.mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for i, file in enumerate(sorted(source.iterdir())):
        shutil.copy(file, folder / "blobs" / f"{i}")
        (snapshot / file.name).symlink_to(f"../../blobs/{i}")
    return snapshot


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def resolved(hub: Path, *names: str, **environment: str) -> list[str]:
    """Resolve names in a process of its own, since the hub's library reads the environment once."""
    endpoint = f"http://127.0.0.1:{closed_port()}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, *names],
        env=clean | {"HF_HUB_CACHE": str(hub), "HF_ENDPOINT": endpoint} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_local_folder_comes_before_any_hub() -> None:
    assert resolve_model(str(BASE_MODEL)) == (BASE_MODEL, BASE_MODEL.name, None)


@pytest.mark.parametrize("name", ["gpt2", "a/b/c", "./org/name", "/org/name", "org/name@", "org name/x", ""])
def test_a_name_that_is_neither_folder_nor_hub_id_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"expected a folder that save_pretrained wrote, a hub id .* or smollm2, got"):
        resolve_model(name)


def test_a_cached_repository_needs_no_network(tmp_path: Path) -> None:
    snapshot = cached_repository(tmp_path, "org/model", BASE_MODEL)
    want = f"{snapshot}|org/model|{COMMIT}"
    names = ("org/model", "org/model@main", f"org/model@{COMMIT}")
    assert resolved(tmp_path, *names) == [want] * 3
    assert resolved(tmp_path, *names, HF_HUB_OFFLINE="1") == [want] * 3


def test_without_a_network_the_error_says_what_is_missing_and_how_to_bring_it(tmp_path: Path) -> None:
    snapshot = cached_repository(tmp_path, "org/partial", BASE_MODEL)
    (snapshot / "tokenizer.json").unlink()
    names = ("org/absent", "org/absent@v2", "org/partial")
    offline = resolved(tmp_path, *names, HF_HUB_OFFLINE="1")
    unreachable = resolved(tmp_path, *names)
    for absent, revised, partial in (offline, unreachable):
        assert absent.startswith("model org/absent: expected a local folder, or a model of the hub, but nothing of it")
        assert "`hf download org/absent --local-dir absent`, then copy the folder here and give its path" in absent
        assert "`hf download org/absent --local-dir absent --revision v2`" in revised
        assert "but model: expected one of tokenizer.json," in partial
    assert all("HF_HUB_OFFLINE forbids the network" in line for line in offline)
    assert all("the hub cannot be reached ([Errno 111] Connection refused)" in line for line in unreachable[:2])
    assert "asking the hub brought nothing more" in unreachable[2]
