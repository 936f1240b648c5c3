"""A scoring to be killed: `python killed_score.py RUN` scores a run slowly, with many small commits."""

from __future__ import annotations

import sys

from beyondbase.pipeline import score, score_run
from beyondbase.store import part_writer
from tests.hash_scorer import HashScorer

if __name__ == "__main__":
    part_writer.COMMIT_ROWS = score._ROWS = 3
    score_run(sys.argv[1], HashScorer(latency_s=0.003), first=None)
