"""The direction of imports: each module may import its own layer's folder and the layers it stands on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "beyondbase"

# folder or module directly in the package -> what it may import from the package, beside itself
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "wording": set(),
    "doublings": set(),
    "seeds": set(),
    "checks": {"errors"},
    "durable": {"errors"},
    "extras": {"errors"},
    "toml_values": {"errors"},
    "training_folder": {"errors", "durable"},
    "hub_id": set(),
    "user_cache": set(),
    "hub": {"errors", "hub_id"},
    "types": {"errors", "checks"},
    "countdown_rules": {"errors", "types"},
    # read by the verifier of programs, and by the analysis of how many different ones a model writes
    "programs": {"errors", "types"},
    "problems": {"errors", "hub", "wording", "extras", "durable", "hub_id", "user_cache", "types", "countdown_rules"},
    "draw_ladder": {"errors", "checks", "types"},
    "sampling": {
        "errors",
        "end_with_me",
        "extras",
        "hub",
        "hub_id",
        "user_cache",
        "durable",
        "types",
        "seeds",
        "draw_ladder",
        "wording",
    },
    "end_with_me": set(),
    "verification": {
        "errors",
        "checks",
        "extras",
        "end_with_me",
        "wording",
        "types",
        "seeds",
        "countdown_rules",
        "programs",
    },
    "store": {"errors", "checks", "durable", "types", "seeds", "draw_ladder", "wording"},
    "estimators": {"errors", "checks", "types"},
    "analyses": {"errors", "checks", "types", "wording", "doublings", "draw_ladder", "programs", "estimators", "store"},
    "report": {"errors", "types", "wording", "doublings", "analyses"},
    # trains and samples as lab and pipeline do, and asks the estimators what came of it
    "experiment": {
        "errors",
        "toml_values",
        "extras",
        "end_with_me",
        "durable",
        "types",
        "seeds",
        "wording",
        "doublings",
        "draw_ladder",
        "problems",
        "sampling",
        "verification",
        "store",
        "estimators",
        "analyses",
        "report",
        "lab",
        "pipeline",
    },
    # reads the correct samples of a run, to imitate them
    "lab": {
        "errors",
        "durable",
        "training_folder",
        "types",
        "seeds",
        "countdown_rules",
        "problems",
        "sampling",
        "verification",
        "store",
    },
    # trainers of others: given our problems and verifiers, and whole runs of what they train
    "integrations": {
        "extras",
        "errors",
        "training_folder",
        "wording",
        "doublings",
        "durable",
        "types",
        "seeds",
        "problems",
        "sampling",
        "verification",
        "store",
        "estimators",
        "pipeline",
    },
    # logs of other programs: readers say what a log holds, writers read runs and results
    "interop": {
        "errors",
        "extras",
        "wording",
        "checks",
        "durable",
        "types",
        "problems",
        "store",
        "doublings",
        "estimators",
        "analyses",
        "report",
    },
    "pipeline": {
        "interop",
        "errors",
        "wording",
        "durable",
        "types",
        "seeds",
        "problems",
        "sampling",
        "verification",
        "store",
        "estimators",
        "analyses",
        "report",
    },
}
MAY_IMPORT["cli"] = set(MAY_IMPORT)
MAY_IMPORT["__init__"] = {"errors", "types", "estimators", "analyses", "store"}

# what is loaded late (extras.load) from a layer above: the judge joins an engine and a verifier, which do not know
# of each other
LOADED_FROM_ABOVE = {
    ("verification", "beyondbase.pipeline.judge:judge_of"),
    ("sampling", "beyondbase.integrations.ray.fleet:fleet_of"),
    ("sampling", "beyondbase.integrations.ray.shards:scorers_of"),
}
LATE = re.compile(r"""load\(f?"(beyondbase\.[^"{]+)""")

# within a layer that a folder may import, what it may not: the writing side of the store, all but result types
WRITING = {
    "store.run_writer",
    "store.part_writer",
    "store.lock",
    "store.problem_file",
    "store.opening",
    "store.compaction",
}
RESULT_TYPES = {"analyses.results", "analyses.stored"}
# heavy libraries, and the only places that import them
ONLY_IN: dict[str, tuple[str, ...]] = {
    "torch": (
        "sampling/hf/",
        "sampling/model_source/gguf_folder.py",
        "lab/",
        "integrations/trl/",
    ),
    "gguf": ("sampling/model_source/gguf_folder.py",),
    "vllm": ("sampling/vllm_engine.py", "sampling/vllm_score.py"),
    "httpx": ("sampling/openai_api/", "problems/download.py", "cli/read_status.py"),
    "huggingface_hub": ("hub.py",),
    "reasoning_gym": ("problems/gym.py", "verification/gym_scores.py"),
    "transformers": ("sampling/", "lab/", "integrations/trl/"),
    "trl": ("integrations/trl/",),
    "datasets": ("integrations/trl/",),
    "accelerate": ("integrations/trl/",),
    "ray": ("integrations/ray/",),
    "pebble": ("verification/workers.py",),
    "math_verify": ("verification/math/symbolic.py",),
    "sympy": ("verification/math/symbolic.py",),
    "fsspec": ("store/place.py", "store/url_path.py"),
    "altair": ("report/",),
    "vl_convert": ("report/",),
    "jinja2": ("report/",),
    "tyro": ("cli/",),
    "rich": ("cli/",),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(source: str, folder: list[str]) -> Iterator[str]:
    """Yield the full name of whatever a module in `folder` of the package imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = ["beyondbase", *folder]
            prefix = parents[: len(parents) - node.level + 1] if node.level else []
            module = [*prefix, *([node.module] if node.module else [])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


def imports_of(file: Path) -> Iterator[str]:
    return imports(file.read_text(encoding="utf-8"), list(file.relative_to(PACKAGE).parts[:-1]))


def layer_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_the_layers_below_it(file: Path) -> None:
    layer = layer_of(file)
    assert layer in MAY_IMPORT, f"assign {layer} a layer in MAY_IMPORT"
    for name in imports_of(file):
        if not name.startswith("beyondbase."):
            continue
        path = name.removeprefix("beyondbase.")
        target = path.split(".")[0]
        if target in MAY_IMPORT and target != layer:
            assert target in MAY_IMPORT[layer], f"{layer} may not import {name}"
        if layer == "analyses":
            assert not any(path.startswith(module) for module in WRITING), f"analyses only read a run, not {name}"
        if layer == "report" and target == "analyses":
            assert any(path.startswith(module) for module in RESULT_TYPES), f"report computes nothing: not {name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_heavy_library_is_imported_only_where_it_is_the_purpose(file: Path) -> None:
    path = file.relative_to(PACKAGE).as_posix()
    for name in imports_of(file):
        places = ONLY_IN.get(name.split(".")[0])
        assert places is None or path.startswith(places), f"{path} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_what_a_module_loads_late_is_of_the_layers_below_it_too(file: Path) -> None:
    layer = layer_of(file)
    for name in LATE.findall(file.read_text(encoding="utf-8")):
        target = name.split(".")[1].partition(":")[0]
        below = target == layer or target in MAY_IMPORT[layer]
        assert below or (layer, name) in LOADED_FROM_ABOVE, f"{layer} may not load {name}"


# The two sides of a trial run in a sandbox without the package: what costs their start is imported where it is needed.
ALONE = PACKAGE / "verification" / "code" / "inside"


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.parent != ALONE], ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_imports_stand_at_the_top_of_a_file(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    inner = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) and id(n) not in top]
    assert not inner, f"imports at lines {[node.lineno for node in inner]}"


def test_the_check_sees_every_form_of_import() -> None:
    source = "import a.b\nfrom . import c\nfrom ..store import d\ndef f():\n    from torch.nn import e\n"
    assert list(imports(source, ["cli"])) == ["a.b", "beyondbase.cli.c", "beyondbase.store.d", "torch.nn.e"]
