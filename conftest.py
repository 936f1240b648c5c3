"""Modules whose library an extra brings are left out where it is not installed: their examples cannot run there."""

from importlib.util import find_spec

collect_ignore_glob = [
    f"src/beyondbase/integrations/{library}/*" for library in ("trl", "ray") if not find_spec(library)
]
