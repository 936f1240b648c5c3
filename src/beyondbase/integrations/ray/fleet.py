"""A fleet on a Ray cluster, in the place of an engine: `--on ray`."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import ray
from ray.exceptions import RayError

from beyondbase.errors import BadInput, BeyondbaseError
from beyondbase.integrations.ray.actors import Actors, is_lost, told
from beyondbase.integrations.ray.connect import connect
from beyondbase.integrations.ray.driver import Driver
from beyondbase.integrations.ray.paths import model_for_all, place_for_all
from beyondbase.integrations.ray.status_server import StatusServer
from beyondbase.pipeline.fleet import Work
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.engines import HERE, EngineOptions, engine_of
from beyondbase.sampling.options import RayOptions
from beyondbase.store import RunWriter
from beyondbase.types import Completion, Progress, Prompt, SampleRequest, SamplingSpec
from beyondbase.wording import some

_SHOWN = 5


def fleet_of(model: str, options: EngineOptions) -> Callable[[], RayFleet]:
    """Return what starts a fleet for a model; raises BadInput for what no fleet can do."""
    if options.api.budget_tokens is not None or options.api.budget_usd is not None:
        raise BadInput(
            "on: expected --on here with --budget-tokens or --budget-usd, which one process alone can keep to"
        )
    options.ray.checked()
    here = partial(_load, model_for_all(model), replace(options, on=HERE))
    return lambda: RayFleet(here, options.ray, options.on, options.gpus())


def _load(model: str, options: EngineOptions) -> Engine:
    return engine_of(model, options)()


class RayFleet:
    """Copies of an engine on the machines of a cluster, which draw a run together.

    `load` makes the engine, in each replica's process: it must be a function that can travel. `gpus` are kept for each;
    None: one, where the cluster has any.
    """

    def __init__(self, load: Callable[[], Engine], options: RayOptions, on: str, gpus: float | None = 0.0) -> None:
        connect(on)
        self.options = options.checked()
        self._actors = Actors(load, options, gpus)
        self._settings: Mapping[str, str] = {}
        self._server = None if options.status_port is None else StatusServer(options.status_port)
        if self._server is not None:
            weakref.finalize(self, self._server.close)
            print(f"status: {self._server.url}", file=sys.stderr, flush=True)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve the settings that all replicas must share, by the first that is up."""
        asked = [actor.settings.remote(spec, prompts) for actor in self._actors.replicas.values()]
        while asked:
            (first,), asked = ray.wait(asked, num_returns=1)
            try:
                self._settings = ray.get(first)
            except RayError as error:
                if not is_lost(error) or not asked:
                    raise told(error) from None
            else:
                return self._settings
        raise BeyondbaseError("on: no replica came up")

    def draw(self, work: Work, writer: RunWriter, progress: Progress) -> None:
        """Draw and judge until the plan owes nothing; raises BeyondbaseError naming problems that were set aside."""
        run = place_for_all(writer.run.path)
        aside = Driver(self._actors, self._settings, work, run, self.options, progress, self._server).run()
        if not aside:
            return
        for left in aside.values():
            why = f"{self.options.hang_s:g} s without progress" if left.loss == "hung" else "its process ended"
            for index in left.span.index_N.tolist():
                request = SampleRequest(left.span.problem_id, Prompt(""), index, 0)
                writer.append_sample(request, Completion.failed(f"set aside: the engine was lost three times ({why})"))
        writer.commit()
        names = some([*aside], "problem", _SHOWN)
        raise BeyondbaseError(
            f"{writer.run.path}: all is drawn but {names}: three engines each were lost at them; "
            "see what is special about them, and run the same command again, which tries them once more"
        )
