"""The status of a fleet in Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from beyondbase.sampling.fleet_status import FleetStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class _Metric(NamedTuple):
    name: str
    help: str
    values: Iterable[tuple[Mapping[str, str], float]]


def prometheus(status: FleetStatus) -> str:
    """Write a status for a scraper; what ends in _total only grows while a run goes on."""
    whose = {"label": status.label, "run": status.run}
    return "".join(_text(metric, whose) for metric in _metrics(status))


def _metrics(status: FleetStatus) -> Iterable[_Metric]:
    for name, told, value in (
        ("replicas_wanted", "Copies of the engine that were asked for.", status.replicas_wanted),
        ("replicas_ready", "Copies of the engine that draw.", status.replicas_ready),
        ("recorders_ready", "Processes that verify and write.", status.recorders_ready),
        ("recorders_lost_total", "Recorders that were lost.", status.recorders_lost),
        ("samples_drawn_total", "Samples that are there, those of earlier calls included.", status.drawn),
        ("samples_at_most", "Samples at the end, if no open problem stops early.", status.at_most),
        ("samples_under_way", "Samples that are handed out.", status.under_way),
        ("samples_per_second", "Samples a second in the last minute.", status.samples_per_s),
        ("problems", "Problems of the run.", status.problems),
        ("problems_open", "Problems that are not finished.", status.problems_open),
        ("problems_aside", "Problems that were set aside, as engines were lost at them.", len(status.aside)),
        ("requests_failed_total", "Requests that failed.", status.requests_failed),
        ("leases_open", "Leases that are not closed.", status.leases_open),
        ("leases_lost_total", "Leases whose replica was lost.", status.leases_lost),
        ("leases_copied_total", "Leases that were handed out twice, as one was slow.", status.leases_copied),
        ("batches_waiting", "Batches of completions that are not written yet.", status.batches_waiting),
        ("waiting_bytes", "Bytes of these batches.", status.bytes_waiting),
        ("tokens_total", "Tokens drawn in this call.", status.tokens),
        ("tokens_per_second", "Tokens a second in the last minute.", status.tokens_per_s),
        ("elapsed_seconds", "Time since this call began.", status.elapsed_s),
        ("over", "1 once the run is over.", int(status.over)),
    ):
        yield _Metric(name, told, [({}, value)])
    lost = [({"loss": loss.value}, float(count)) for loss, count in status.replicas_lost.items()]
    yield _Metric("replicas_lost_total", "Replicas that were lost, by how.", lost)
    left = status.seconds_left
    told = "Time left at this speed; absent where it is not known."
    yield _Metric("left_seconds", told, [] if left is None else [({}, left)])


def _text(metric: _Metric, whose: Mapping[str, str]) -> str:
    name = f"beyondbase_{metric.name}"
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# HELP {name} {metric.help}", f"# TYPE {name} {kind}"]
    for labels, value in metric.values:
        pairs = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in {**whose, **labels}.items())
        lines.append(f"{name}{{{pairs}}} {value!r}")
    return "\n".join(lines) + "\n"
