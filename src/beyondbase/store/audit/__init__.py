"""What a broken run looks like: repeats by a broken seed, samples that are missing, cut, empty or not judged.

`audit` looks at one run, `audit_pair` at two, `lines` says in words what was found. Memory grows with the number of
samples, about a hundred bytes each, and not with their texts.
"""

from beyondbase.store.audit.pair import audit_pair
from beyondbase.store.audit.results import Change, Finding, Kind, Matches, PairAudit, Repeats, RunAudit, Severity
from beyondbase.store.audit.single import audit
from beyondbase.store.audit.words import lines

__all__ = [
    "Change",
    "Finding",
    "Kind",
    "Matches",
    "PairAudit",
    "Repeats",
    "RunAudit",
    "Severity",
    "audit",
    "audit_pair",
    "lines",
]
