"""Repositories of a model hub: from the local cache, or else downloaded, or else told how to bring them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    IncompleteSnapshotError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tqdm import tqdm

from beyondbase.errors import BadInput
from beyondbase.hub_id import HubId, Kind


class _DownloadBar(tqdm):  # type: ignore[misc]  # a library without types
    """A bar of a download, past whatever else shows progress on standard error."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"file": sys.__stderr__})


class Snapshot(NamedTuple):
    """A repository on this machine."""

    path: Path
    commit: str


def snapshot(hub_id: HubId, kind: Kind, files: Sequence[str], check: Callable[[Path], None]) -> Snapshot:
    """Return the repository's files that match one of the patterns `files`, in a folder that `check` accepts.

    The local cache comes first, so that a run goes on with what it began with; the network is asked
    only for what is not there, and never under HF_HUB_OFFLINE=1. Raises BadInput naming what is
    missing, why it cannot be had, and how to bring it.
    """
    try:
        return _fetch(hub_id, kind, files, check, local=True)
    except HFValidationError as error:
        raise BadInput(f"{kind} {hub_id}: expected a hub id org/name, got one that no hub has ({error})") from None
    except (BadInput, IncompleteSnapshotError) as error:
        lacking = _first_half(error)
    except OSError:
        lacking = "nothing of it is in the local hub cache"
    if constants.is_offline_mode():
        raise _missing(hub_id, kind, f"{lacking}, and HF_HUB_OFFLINE forbids the network")
    try:
        return _fetch(hub_id, kind, files, check, local=False)
    except GatedRepoError:
        raise _missing(hub_id, kind, "its owner wants terms accepted and `hf auth login` first") from None
    except RepositoryNotFoundError:
        raise _missing(
            hub_id, kind, "the hub has none of that name, or a private one that wants `hf auth login`"
        ) from None
    except RevisionNotFoundError:
        raise _missing(hub_id, kind, f"the hub has no revision {hub_id.revision or 'main'} of it") from None
    except BadInput as error:
        raise _missing(hub_id, kind, f"{_first_half(error)}, and asking the hub brought nothing more") from None
    except OSError as error:
        cause = error.__cause__ or error.__context__ or error
        raise _missing(hub_id, kind, f"{lacking}, and the hub cannot be reached ({cause})") from None


def _fetch(hub_id: HubId, kind: Kind, files: Sequence[str], check: Callable[[Path], None], *, local: bool) -> Snapshot:
    path = Path(
        snapshot_download(
            hub_id.repo,
            repo_type=kind,
            revision=hub_id.revision,
            allow_patterns=list(files),
            local_files_only=local,
            tqdm_class=_DownloadBar,
        )
    )
    check(path)
    return Snapshot(path, path.name)


def _first_half(error: Exception) -> str:
    """What was expected and what came; the mend is another one here."""
    return str(error).partition(";")[0]


def _missing(hub_id: HubId, kind: Kind, why: str) -> BadInput:
    name = hub_id.repo.partition("/")[2]
    words = ["hf download", hub_id.repo, f"--local-dir {name}"]
    words += ["--repo-type dataset"] * (kind is Kind.DATASET)
    words += [f"--revision {hub_id.revision}"] * (hub_id.revision is not None)
    return BadInput(
        f"{kind} {hub_id}: expected a local folder, or a {kind} of the hub, but {why}; "
        f"on a machine with network: `{' '.join(words)}`, then copy the folder here and give its path"
    )
