"""The engine vllm, in an environment that has vLLM: `make test-vllm`. Elsewhere nothing of this folder is collected."""

from __future__ import annotations

import os
from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("vllm") else ["*.py"]

# Room for the keys and values of a small model, in GiB, where vLLM runs on a CPU; by default it takes half the memory.
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
