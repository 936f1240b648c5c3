"""Verifiers: from an answer text to a verdict."""

from __future__ import annotations

from collections.abc import Callable

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.verification.countdown import CountdownVerifier
from beyondbase.verification.exact import ExactMatch
from beyondbase.verification.options import VerifierOptions
from beyondbase.verification.verifier import Verifier

__all__ = ["VERIFIERS", "Verifier", "VerifierOptions", "verifier_of"]

# Heavy libraries are loaded by an entry's own call (extras.load).
VERIFIERS: dict[str, Callable[[VerifierOptions], Verifier]] = {
    "code": lambda options: load("beyondbase.verification.code.verifier:CodeVerifier")(options.code),
    "countdown": lambda options: CountdownVerifier(),
    "exact": lambda options: ExactMatch(),
    "gym": lambda options: load("beyondbase.verification.gym:GymVerifier")(),
    "math": lambda options: load("beyondbase.verification.math.verifier:MathVerifier")(options.math),
    "judge": lambda options: load("beyondbase.pipeline.judge:judge_of")(options),
}


def verifier_of(name: str, options: VerifierOptions | None = None) -> Verifier:
    """Return a verifier by its name in VERIFIERS, as module:function, or by the name stored with its verdicts.

    >>> verifier_of("exact").name, verifier_of("countdown-1").name
    ('exact-1', 'countdown-1')
    """
    kind, dash, _ = name.partition("-")
    options = options or VerifierOptions()
    verifier: Verifier
    if ":" in name or kind == "own":
        verifier = load("beyondbase.verification.own:own_verifier")(name, options.own)
        dash = "" if ":" in name else dash
    elif kind in VERIFIERS:
        verifier = VERIFIERS[kind](options)
    else:
        raise BadInput(f"verifier: expected one of {', '.join(VERIFIERS)} or module:function, got {name!r}")
    if dash and verifier.name != name:
        raise BadInput(
            f"verifier: expected to judge as {name}, but this version and these flags make {verifier.name}; give the "
            f"flags and install the version it names, or ask for --verifier {kind}, whose verdicts stand beside"
        )
    return verifier
