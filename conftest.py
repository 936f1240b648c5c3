"""Modules whose library an extra brings are left out where it is not installed: their examples cannot run there."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("trl") else ["src/beyondbase/integrations/trl/*"]
