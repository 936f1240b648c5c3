"""A run that a fleet draws is that of one process, whatever happens to the fleet."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.integrations.ray.fleet import RayFleet
from beyondbase.pipeline import sample_run
from beyondbase.sampling.options import RayOptions
from beyondbase.store import Run, compact, open_run
from beyondbase.types import DrawRule, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.integrations.ray import faults
from tests.integrations.ray.conftest import add_node
from tests.integrations.ray.faults import RULE, SET, FaultyEngine, draw, draw_here, kill_one, processes, rows, wait_for
from tests.integrations.ray.outside import draw_outside

ROOT = Path(__file__).parents[3]
TWO = RayOptions(replicas=2, lease=32, wait_s=0.5, hang_s=600)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return draw_here(tmp_path_factory.mktemp("here") / "run")


def while_it_draws(path: Path, act: Any) -> threading.Thread:
    """Do something once the first rows of a run are written."""

    def wait_and_act() -> None:
        wait_for(lambda: [*path.glob("samples/*.parquet")])
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_a_fleet_draws_what_one_process_draws(cluster: Any, tmp_path: Path, here: Run) -> None:
    run = draw(tmp_path / "run", partial(FaultyEngine, failed=0.05), TWO, "ray")
    assert rows(run).equals(rows(here))
    assert run.n_failed() > 0
    assert run.manifest == here.manifest
    assert run.counts().c_P.tolist() == here.counts().c_P.tolist()
    before = rows(run)
    compact(run.path)
    assert rows(open_run(run.path)).equals(before)


def test_a_fleet_says_how_far_it_is(cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = RayFleet(partial(FaultyEngine, failed=0.05), replace(TWO, status_port=0), "ray")
    url = capsys.readouterr().err.removeprefix("status: ").strip()
    notes = list[str]()

    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        notes.append(f"{stage}: {note}")

    run = sample_run(tmp_path / "run", SET, fleet, SamplingSpec(), RULE, ExactMatch(), progress)
    told = httpx.get(f"{url}/status.json").json()
    assert told["over"]
    assert told["drawn"] == told["at_most"] == run.n_drawn()
    assert told["requests_failed"] == run.n_failed() > 0
    assert (told["replicas_ready"], told["under_way"], told["leases_open"]) == (2, 0, 0)
    assert told["tokens"] == run.samples().select("n_tokens").collect().sum().item()
    metrics = httpx.get(f"{url}/metrics").text
    assert f" {run.n_drawn()}\n" in metrics
    assert any(note.startswith("sample model: 2 of 2 replicas") for note in notes)
    del fleet
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/metrics")


def test_a_run_goes_on_from_one_process_to_a_fleet_and_back(cluster: Any, tmp_path: Path) -> None:
    fleet = RayFleet(FaultyEngine, TWO, "ray")
    rules = [DrawRule(n_max=n, stop_at=4) for n in (20, 40, 60)]
    engines = [FaultyEngine(latency_s=0), fleet, FaultyEngine(latency_s=0)]
    for rule, engine in zip(rules, engines, strict=True):
        mixed = sample_run(tmp_path / "mixed", SET, engine, SamplingSpec(), rule, ExactMatch())
        one = sample_run(tmp_path / "one", SET, FaultyEngine(latency_s=0), SamplingSpec(), rule, ExactMatch())
        assert rows(mixed).equals(rows(one))


@pytest.mark.parametrize("kind", ["Replica", "Recorder"])
def test_a_process_that_is_killed_loses_only_its_leases(cluster: Any, tmp_path: Path, here: Run, kind: str) -> None:
    thread = while_it_draws(tmp_path / "run", lambda: kill_one(kind, random.Random(0)))
    run = draw(tmp_path / "run", FaultyEngine, TWO, "ray")
    thread.join()
    assert rows(run).equals(rows(here))
    # The fleet ends with its last user, one that was just being started anew too.
    wait_for(lambda: not processes("Replica") + processes("Recorder"))


def test_a_machine_that_is_lost_is_drawn_around(cluster: Any, tmp_path: Path, here: Run) -> None:
    def lose() -> None:
        cluster.remove_node(sorted(cluster.worker_nodes, key=id)[0], allow_graceful=False)

    thread = while_it_draws(tmp_path / "run", lose)
    try:
        run = draw(tmp_path / "run", FaultyEngine, TWO, "ray")
    finally:
        thread.join()
        add_node(cluster)
    assert rows(run).equals(rows(here))


def test_a_replica_that_hangs_is_ended(cluster: Any, tmp_path: Path, here: Run) -> None:
    make = partial(FaultyEngine, hang_file=str(tmp_path / "hangs"))
    run = draw(tmp_path / "run", make, RayOptions(replicas=2, lease=32, wait_s=0.5, hang_s=2), "ray")
    assert (tmp_path / "hangs").exists()
    assert rows(run).equals(rows(here))


def test_a_problem_that_kills_engines_is_set_aside_and_named(cluster: Any, tmp_path: Path, here: Run) -> None:
    make = partial(FaultyEngine, poison=frozenset(["p3"]))
    with pytest.raises(BeyondbaseError, match=r"all is drawn but 1 problem \(p3\): three engines each were lost"):
        draw(tmp_path / "run", make, TWO, "ray")
    run = open_run(tmp_path / "run")
    expected = rows(here)
    assert rows(run).equals(expected.filter(expected["problem_id"] != "p3"))
    assert run.n_failed() > 0
    # Once it is no poison any more, the same call draws the rest.
    assert rows(draw(tmp_path / "run", FaultyEngine, TWO, "ray")).equals(expected)


def test_a_driver_that_is_killed_loses_nothing_that_was_written(cluster: Any, tmp_path: Path, here: Run) -> None:
    path = tmp_path / "run"
    program = (
        "from pathlib import Path; from beyondbase.sampling.options import RayOptions; "
        "from tests.integrations.ray.faults import FaultyEngine, draw; "
        f"draw(Path({str(path)!r}), FaultyEngine, RayOptions(lease=32, wait_s=0.2), {cluster.address!r})"
    )
    driver = subprocess.Popen([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT)
    wait_for(lambda: len([*path.glob("verdicts/*/*.parquet")]) >= 2)
    driver.kill()
    driver.wait()
    # Ray ends what a lost driver had started.
    wait_for(lambda: not processes("Replica"))
    before = open_run(path).n_drawn()
    assert 0 < before < rows(here).height
    assert rows(draw(path, FaultyEngine, TWO, "ray")).equals(rows(here))


@pytest.mark.parametrize("lost", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_driver_from_outside_draws_through_rays_client(cluster: Any, tmp_path: Path, lost: int) -> None:
    """It does so too if the client's server loses the first process that it begins for the driver."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "tests.integrations.ray.client_server", str(lost), f"--address={cluster.address}"]
    driver = [sys.executable, "-W", "ignore", "-m", "tests.integrations.ray.outside", str(tmp_path / "run")]
    env = {**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"}
    with subprocess.Popen([*server, "--host=127.0.0.1", f"--port={port}"], cwd=ROOT, env=env) as serving:
        try:
            wait_for(lambda: _answers(port))
            said = subprocess.run(
                [*driver, f"ray://127.0.0.1:{port}"], cwd=ROOT, check=True, timeout=240, capture_output=True, text=True
            )
        finally:
            serving.kill()
    assert said.stderr.count("asked once more: RuntimeError: Starting Ray client server failed") == lost
    assert rows(open_run(tmp_path / "run")).equals(rows(draw_outside(tmp_path / "here")))


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_an_engine_that_cannot_be_made_is_told_in_one_line(cluster: Any, tmp_path: Path) -> None:
    def refuse() -> FaultyEngine:
        raise BadInput("model: expected a folder on every machine, got none")

    with pytest.raises(BadInput, match=r"^model: expected a folder on every machine, got none$"):
        draw(tmp_path / "run", refuse, TWO, "ray")


def test_copies_that_would_draw_from_another_model_are_refused(cluster: Any, tmp_path: Path) -> None:
    """The second process to be asked has other weights, as a machine with a stale copy of a folder has."""
    flag = str(tmp_path / "first")

    class Stale(FaultyEngine):
        def settings(self, spec: SamplingSpec, prompts: Any) -> Any:
            other = {} if faults._first(flag) else {"weights_hash": "stale"}
            return {**super().settings(spec, prompts), **other}

    with pytest.raises(BeyondbaseError, match=r"expected the same engine on all machines, got weights_hash = 'stale'"):
        draw(tmp_path / "run", Stale, TWO, "ray")
