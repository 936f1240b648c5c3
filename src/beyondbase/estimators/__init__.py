"""Estimators: counts in, arrays out; no I/O, no global random state."""
