"""The exceptions a user can meet.

    BeyondbaseError
    ├── BadInput          what was given cannot be used; the command line exits with 2
    │   ├── NotComparable two runs differ in something that must be equal
    │   └── StoreError    a run or study on disk is missing, torn, foreign or not writable
    ├── BudgetSpent       sampling stopped at its budget; the command line exits with 1
    └── PolicyCollapse    RLVR destroyed the policy; the command line exits with 1

A message says what was expected, what came, and what mends it, in one line.
"""


class BeyondbaseError(Exception):
    """Base of every error that beyondbase raises on purpose."""


class BadInput(BeyondbaseError, ValueError):
    """Input that cannot be used, with the mend in the message."""


class NotComparable(BadInput):
    """Two runs differ in a setting that a comparison needs equal."""


class StoreError(BadInput):
    """A run or study on disk that cannot be read or written."""


class BudgetSpent(BeyondbaseError, RuntimeError):
    """Sampling was stopped because the next request might not fit into what it may cost."""


class PolicyCollapse(BeyondbaseError, RuntimeError):
    """Training was stopped because the policy no longer answers."""
