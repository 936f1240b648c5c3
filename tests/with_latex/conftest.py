"""LaTeX itself, where it is installed (Debian: texlive-latex-recommended). Elsewhere nothing here is collected."""

from __future__ import annotations

from shutil import which

collect_ignore_glob = [] if which("pdflatex") else ["*.py"]
