from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_base_model_the_page_and_the_type_marker(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "beyondbase/py.typed",
        "beyondbase/lab/base_model/model.safetensors",
        "beyondbase/lab/base_model/tokenizer.json",
        "beyondbase/lab/base_model/README.md",
        "beyondbase/report/templates/report.html.jinja",
    ):
        assert name in names
    assert not [name for name in names if name.startswith("tests")]


def test_the_installed_wheel_runs_a_small_demo_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    assert subprocess.run(install, capture_output=True).returncode == 0
    where = "import beyondbase; print(beyondbase.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    found = subprocess.run([sys.executable, "-c", where], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.startswith(str(site))
    command = [str(site / "bin" / "beyondbase"), "demo", "--out", "study", "--json", "--steps", "1"]
    command += ["--problems", "5", "--n-max", "64"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"]["label"]
    assert (tmp_path / "study" / "report.html").is_file()
