"""The small world: a base model that ships with the package, and RLVR on it."""
