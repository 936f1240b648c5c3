from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from beyondbase.analyses.results import StudyAnalysis


@pytest.fixture(scope="session")
def make_study() -> Callable[..., StudyAnalysis]:
    spec = importlib.util.spec_from_file_location("report_study", Path(__file__).with_name("study.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_study  # type: ignore[no-any-return]
