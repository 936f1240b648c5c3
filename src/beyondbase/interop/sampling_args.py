"""The arguments of a request to a model, as many programs log them, as settings of a run."""

from __future__ import annotations

from collections.abc import Mapping

_NUMBERS = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_new_tokens"),
    "seed": ("seed",),
}
_WHOLE = {"max_tokens", "seed"}


def settings_of(args: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of SamplingSpec that arguments of OpenAI's kind state, those in `extra_body` included.

    What is null or of another type is not stated. top_k of 0 or less keeps all, which is None.

    >>> settings_of({"temperature": 0.6, "top_p": None, "max_completion_tokens": 512, "extra_body": {"top_k": -1}})
    {'temperature': 0.6, 'max_tokens': 512, 'top_k': None}
    """
    extra = args.get("extra_body")
    stated = {name: value for name, value in args.items() if value is not None}
    args = {**extra, **stated} if isinstance(extra, Mapping) else stated
    settings: dict[str, object] = {}
    for name, spelled in _NUMBERS.items():
        kind = int if name in _WHOLE else int | float
        for key in spelled:
            if isinstance(value := args.get(key), kind) and not isinstance(value, bool):
                settings[name] = value if name in _WHOLE else float(value)
                break
    if isinstance(top_k := args.get("top_k"), int) and not isinstance(top_k, bool):
        settings["top_k"] = top_k if top_k > 0 else None
    stop = args.get("stop")
    stop = [stop] if isinstance(stop, str) else stop
    if isinstance(stop, list | tuple) and all(isinstance(one, str) for one in stop):
        settings["stop"] = tuple(stop)
    return settings
