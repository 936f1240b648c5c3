"""Draws a shard of the scripted run of conftest.py at a URL, in small parts: a process that a test can kill.

It imports all it needs, says so, and begins when it is told "SHARD OF" on its standard input.
"""

import sys

from beyondbase.store import Shard, part_writer, retrying
from tests.store.conftest import draw_run

if __name__ == "__main__":
    part_writer.COMMIT_ROWS = 12
    retrying.PATIENCE = retrying.Patience(in_all_s=20.0, first_wait_s=0.01, longest_wait_s=0.1)
    print("ready", flush=True)
    if words := sys.stdin.readline().split():
        draw_run(sys.argv[1], Shard(*map(int, words)))
