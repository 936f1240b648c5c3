"""Inspect itself, in an environment that has it: `make test-peers`. Elsewhere nothing of this folder is collected."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("inspect_ai") else ["*.py"]
