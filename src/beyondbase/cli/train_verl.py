"""`beyondbase train verl`: data, configuration and command of a training with verl."""

from __future__ import annotations

import shlex

from beyondbase.cli.import_runs import ImportConfig
from beyondbase.cli.log_flags import AUTO, LogFlags
from beyondbase.cli.settings import claim_folder, run_name, save_config
from beyondbase.cli.shown_settings import lines_of
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.integrations.verl.preparing import prepare
from beyondbase.types import Progress


def run(config: VerlConfig, progress: Progress) -> Outcome:
    """Write what verl needs, and say how it is started and read back."""
    claim_folder(config.out)
    prepared = prepare(config, progress)
    save_config(config.out / "train.toml", "train verl", config)
    start = f"sh {shlex.quote(str(config.out / 'run.sh'))}"
    lines = [
        *lines_of("settings of verl", prepared.settings),
        f"{len(prepared.train):,} training problems",
        f"to train, where verl is installed beside beyondbase: {start}",
    ]
    data = {"settings": prepared.settings, "command": prepared.command, "config": str(config.out / "verl.yaml")}
    if config.held_out is not None and prepared.held_out is not None:
        save_config(config.out / "import.toml", "import", _reading(config, config.held_out))
        data["import"] = f"beyondbase import --config {shlex.quote(str(config.out / 'import.toml'))}"
        lines.append(f"{len(prepared.held_out):,} problems held out, {config.eval_n} samples each")
        lines.append(f"to read these samples as runs: {data['import']}")
    return Outcome(lines, data)


def _reading(config: VerlConfig, held_out: str) -> ImportConfig:
    out = config.out.resolve()
    log = LogFlags(
        problems=held_out,
        limit=config.held_out_limit,
        verifier=config.verifier or AUTO,
        temperature=config.eval_temperature,
        top_p=config.eval_top_p,
        max_tokens=config.max_tokens,
    )
    return ImportConfig("verl", (out / "validation",), out / "runs", run_name(config.model), log)


VERB = Verb(
    VerlConfig,
    run,
    example="beyondbase train verl --model Qwen/Qwen2.5-7B --problems deepscaler --held-out math500 --out out/verl",
    resume="run the same command again",
)
