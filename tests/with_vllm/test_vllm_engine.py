"""What vLLM samples: the distribution that hf samples from, one generator a sample, and every ending told apart."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from scipy.stats import chisquare

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.problems import load_problems, render
from beyondbase.sampling.copies import Copy
from beyondbase.sampling.feed import Feed
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.smollm2 import smollm2_folder
from beyondbase.sampling.options import VllmOptions
from beyondbase.seeds import sample_seed
from beyondbase.store import open_run
from beyondbase.types import Completion, Finish, Prompt, PromptForm, SampleRequest, SamplingSpec

vllm_engine = pytest.importorskip("beyondbase.sampling.vllm_engine", exc_type=ImportError)
killed = pytest.importorskip("tests.with_vllm.killed_vllm_run", exc_type=ImportError)

SPEC = SamplingSpec(1.0, 1.0, max_tokens=24)
NARROW = SamplingSpec(0.7, 0.9, top_k=20, max_tokens=24)
# So few tokens a step that vLLM would cut prompts into parts if it were let.
SMALL = '{"dtype": "float32", "enforce_eager": true, "max_num_batched_tokens": 128}'


def loaded(model: str | Path, options: VllmOptions) -> object:
    try:
        return vllm_engine.VllmEngine.load(model, options)
    except BadInput as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def engine() -> object:
    return loaded(BASE_MODEL, VllmOptions(vllm_args=SMALL))


@pytest.fixture(scope="module")
def hf() -> HfEngine:
    return HfEngine.load(BASE_MODEL)


def requests(problems: int, samples: int, run_seed: int = 0) -> list[SampleRequest]:
    return [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(run_seed, p.problem_id, i))
        for p in load_problems("countdown", problems)
        for i in range(samples)
    ]


def sampled(engine: object, wanted: Sequence[SampleRequest], spec: SamplingSpec = SPEC) -> list[Completion]:
    """Completions in the order of the requests, each of which comes once."""
    found = {(r.problem_id, r.sample_index): completion for r, completion in engine.generate(wanted, spec)}
    assert len(found) == len(wanted)
    return [found[r.problem_id, r.sample_index] for r in wanted]


def log_p(hf: HfEngine, prompt: Sequence[int], ids: Sequence[int], spec: SamplingSpec) -> torch.Tensor:
    """Log-probabilities (tokens, vocabulary) that the specification samples from, by a plain forward pass."""
    with torch.inference_mode():
        logits = hf.model(input_ids=torch.tensor([[*prompt, *ids]])).logits[0, len(prompt) - 1 : -1].double()
    scores, order = (logits / spec.temperature).sort(dim=-1, descending=True)
    if spec.top_k is not None:
        scores[:, spec.top_k :] = -torch.inf
    p = scores.softmax(-1)
    scores[p.cumsum(-1) - p >= spec.top_p] = -torch.inf
    return torch.empty_like(scores).scatter_(1, order, scores).log_softmax(-1)


def test_greedy_samples_are_those_of_hf(engine: object, hf: HfEngine) -> None:
    greedy = SamplingSpec(0.0, 1.0, max_tokens=24)
    for ours, theirs in zip(*(sampled(e, requests(8, 1), greedy) for e in (engine, hf)), strict=True):
        assert (ours.text, list(ours.token_ids), ours.finish) == (theirs.text, list(theirs.token_ids), theirs.finish)
        assert ours.logprob_sum == pytest.approx(theirs.logprob_sum, abs=1e-3) and ours.entropy_mean is None


def test_equal_seeds_give_equal_samples_and_other_seeds_others(engine: object) -> None:
    first, again, other = (sampled(engine, requests(3, 40, seed)) for seed in (0, 0, 1))
    assert sum(a == b for a, b in zip(first, again, strict=True)) >= 118
    assert len({c.text for c in first} & {c.text for c in other}) < 60
    assert len({tuple(c.token_ids) for c in first}) > 60


def test_a_sample_does_not_hang_on_what_is_sampled_beside_it(engine: object) -> None:
    wanted = requests(4, 30)
    whole = dict(zip([r.seed for r in wanted], sampled(engine, wanted), strict=True))
    alone = {r.seed: sampled(engine, [r])[0] for r in wanted[::12]}
    backwards = dict(zip([r.seed for r in wanted[::-1]], sampled(engine, wanted[::-1]), strict=True))
    # Rounding depends on the batch and may turn a token that stands on the edge, rarely; nothing else may.
    assert sum(whole[seed].token_ids == alone[seed].token_ids for seed in alone) >= len(alone) - 1
    assert sum(whole[seed].token_ids == backwards[seed].token_ids for seed in whole) >= 117


@pytest.mark.parametrize("spec", [SPEC, NARROW], ids=["whole", "narrow"])
def test_log_probabilities_are_those_of_the_distribution_that_is_sampled_from(
    engine: object, hf: HfEngine, spec: SamplingSpec
) -> None:
    wanted = requests(6, 4)
    for request, completion in zip(wanted, sampled(engine, wanted, spec), strict=True):
        ids = list(completion.token_ids)
        told = log_p(hf, hf.encode(request.prompt, spec), ids, spec)[torch.arange(len(ids)), ids].sum().item()
        assert completion.logprob_sum == pytest.approx(told, abs=2e-3)


@pytest.mark.parametrize("spec", [SPEC, NARROW], ids=["whole", "narrow"])
def test_first_tokens_have_the_probabilities_of_hf(engine: object, hf: HfEngine, spec: SamplingSpec) -> None:
    one = SamplingSpec(spec.temperature, spec.top_p, spec.top_k, max_tokens=1)
    wanted = requests(1, 3000, run_seed=7)
    counts = Counter(completion.token_ids[0] for completion in sampled(engine, wanted, one))
    p_V = log_p(hf, hf.encode(wanted[0].prompt, one), [0], one)[0].exp().numpy()
    assert all(p_V[token] > 0 for token in counts)
    often = np.flatnonzero(p_V * 3000 >= 5).tolist()
    observed = np.array([*(counts[token] for token in often), sum(counts.values()) - sum(counts[t] for t in often)])
    expected = np.array([*p_V[often], 1 - p_V[often].sum()]) * 3000
    kept = expected > 1e-6
    assert len(often) > 3 and chisquare(observed[kept], expected[kept], sum_check=False).pvalue > 1e-4


def test_every_ending_is_told_apart(engine: object) -> None:
    wanted = requests(2, 8)
    assert {c.finish for c in sampled(engine, wanted)} == {Finish.EOS}
    cut = sampled(engine, wanted, SamplingSpec(1.0, 1.0, max_tokens=5))
    assert {(c.finish, len(c.token_ids)) for c in cut} == {(Finish.LENGTH, 5)}
    stopped = sampled(engine, wanted, SamplingSpec(1.0, 1.0, max_tokens=24, stop=(" ,",)))
    assert {(c.finish, c.text.count(","), c.text[-1]) for c in stopped} == {(Finish.STOP, 1, ",")}


def test_texts_are_decoded_as_hf_decodes_them(engine: object, hf: HfEngine) -> None:
    for completion in sampled(engine, requests(2, 8)):
        assert completion.token_ids[-1] in hf.eos_ids(SPEC)
        assert completion.text == hf.tokenizer.decode(list(completion.token_ids)[:-1])


def test_requests_inside_vllm_are_bounded_and_a_caller_that_leaves_leaves_none(engine: object) -> None:
    wanted = requests(4, 400)
    most = 2 * engine.engine.vllm_config.scheduler_config.max_num_seqs
    drawing = engine.generate(wanted, SPEC)
    under_way = [engine.engine.get_num_unfinished_requests() for _, _ in zip(range(100), drawing, strict=False)]
    assert max(under_way) <= most < len(wanted)
    drawing.close()
    assert engine.engine.get_num_unfinished_requests() == 0
    assert len(sampled(engine, wanted[:5])) == 5


def test_leases_that_are_fed_give_the_samples_of_one_generate(engine: object) -> None:
    wanted = requests(4, 30)
    copy, found, ended = Copy(engine, SPEC), {}, set()
    for number in range(4):
        copy.give(number, wanted[30 * number : 30 * (number + 1)])
    while len(ended) < 4:
        taken = copy.take(1.0, 10**6)
        assert not taken.failed
        assert not {(r.problem_id, r.sample_index) for r, _ in taken.completions} & set(found)
        found |= {(r.problem_id, r.sample_index): completion for r, completion in taken.completions}
        ended |= taken.ended
    copy.close()
    whole = {(r.problem_id, r.sample_index): c for r, c in zip(wanted, sampled(engine, wanted), strict=True)}
    # As above: a rounding may turn a token.
    assert found.keys() == whole.keys() and sum(found[key] == whole[key] for key in whole) >= 117
    assert taken.progress > len(wanted)


def test_a_request_that_is_fed_does_not_wait_for_those_before_it_to_end(engine: object) -> None:
    wanted, feed = requests(2, 40), Feed()
    feed.put(wanted[:40])
    drawing = engine.generate_fed(feed, SPEC)
    came = [next(drawing)]
    feed.put(wanted[40:])
    came.append(next(drawing))
    assert engine.engine.get_num_unfinished_requests() > 40
    feed.close()
    came.extend(drawing)
    assert sorted(r.seed for r, _ in came) == sorted(r.seed for r in wanted)


def test_a_copy_that_is_closed_leaves_no_request(engine: object) -> None:
    copy = Copy(engine, SamplingSpec(1.0, 1.0, max_tokens=40))
    copy.give(1, requests(4, 400))
    while not copy.take(0.1, 1).completions:
        pass
    copy.close()
    following = Copy(engine, SPEC, after=copy)
    following.give(1, requests(1, 5))
    assert following.take(60.0, 10**6).ended == {1}
    following.close()
    assert engine.engine.get_num_unfinished_requests() == 0


def test_settings_name_what_was_resolved_and_what_was_not_applied(engine: object, hf: HfEngine) -> None:
    prompt = Prompt("numbers 3 7 target 21 :")
    ours, theirs = engine.settings(SPEC, [prompt]), hf.settings(SPEC, [prompt])
    for name in ("weights_hash", "tokenizer_hash", "dtype", "eos_token_ids", "form", "first_prompt_token_ids"):
        assert ours[name] == theirs[name]
    assert (ours["engine"], ours["device"], ours["quantization"]) == ("vllm", "cpu", "none")
    assert ours["generation_config"] == theirs["generation_config"] == "not applied: {}"
    assert ours == engine.settings(SPEC, [prompt])


@pytest.mark.parametrize(
    ("spec", "prompt", "message"),
    [
        (SamplingSpec(), Prompt("numbers 1 2 target 3 :"), r"max.tokens: expected at most 5\d .*, got 16384"),
        (SPEC, Prompt("what is it?", ("https://example.org/a.png",)), "image"),
        (SamplingSpec(max_tokens=8, add_bos=True), Prompt("numbers"), "add_bos"),
        (SamplingSpec(max_tokens=8, form=PromptForm.CHAT), Prompt("numbers"), "chat"),
    ],
)
def test_a_prompt_that_cannot_be_sampled_as_asked_is_refused(
    engine: object, spec: SamplingSpec, prompt: Prompt, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        engine.settings(spec, [prompt])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("[", "expected a JSON object"),
        ("3", "expected a JSON object"),
        ('{"seed": 3}', "got seed; use --seed"),
        ('{"data_parallel_size": 2}', "got data_parallel_size; use --shard"),
        ('{"no_such_argument": 3}', "no_such_argument"),
        ('{"dtype": "float7"}', "float7"),
    ],
)
def test_an_argument_that_vllm_or_the_engine_cannot_take_is_named(arguments: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        vllm_engine.VllmEngine.load(BASE_MODEL, VllmOptions(vllm_args=arguments))


def test_a_killed_run_is_resumed_to_what_it_would_have_been(engine: object, tmp_path: Path) -> None:
    script = Path(killed.__file__)
    with subprocess.Popen([sys.executable, "-W", "ignore", script, tmp_path / "killed"], stderr=subprocess.PIPE) as run:
        while not list((tmp_path / "killed").glob("samples/*/*.parquet")) + list(
            (tmp_path / "killed").glob("samples/*.parquet")
        ):
            assert run.poll() is None, run.communicate()[1].decode()[-2000:]
            time.sleep(0.02)
        started = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGKILL)
    _, left = psutil.wait_procs(started, timeout=30)
    assert started and not left
    columns = ["problem_id", "sample_index", "seed", "text"]
    before = open_run(tmp_path / "killed").samples().select(columns).collect()
    assert 0 < len(before) < 1600
    whole = killed.draw(tmp_path / "whole", engine).samples().select(columns).collect()
    after = killed.draw(tmp_path / "killed", engine).samples().select(columns).collect()
    assert len(after.unique(["problem_id", "sample_index"])) == len(after) == len(whole) == 1600
    assert len(before.join(after, on=columns)) == len(before)
    assert len(after.join(whole, on=columns)) >= 0.98 * len(whole)


def test_a_chat_prompt_is_rendered_and_answered_as_by_hf_and_an_engine_that_nobody_holds_ends() -> None:
    before = set(psutil.Process().children(recursive=True))
    chat = SamplingSpec(0.0, 1.0, max_tokens=24, form=PromptForm.CHAT)
    wanted = [SampleRequest("sum", Prompt("What is 2+2?"), 0, 1)]
    ours = loaded("smollm2", VllmOptions(max_model_len=512, vllm_args='{"dtype": "float32", "enforce_eager": true}'))
    theirs = HfEngine.load(smollm2_folder())
    ids = [engine.settings(chat, [wanted[0].prompt])["first_prompt_token_ids"] for engine in (ours, theirs)]
    assert ids[0] == ids[1]
    answers = [sampled(engine, wanted, chat)[0] for engine in (ours, theirs)]
    assert answers[0].text == answers[1].text and "4" in answers[0].text
    assert ours.settings(chat, [wanted[0].prompt])["source"] == "smollm2"
    started = set(psutil.Process().children(recursive=True)) - before
    cores = [process for process in started if "EngineCor" in process.name()]
    del ours
    gc.collect()
    assert cores and not psutil.wait_procs(cores, timeout=30)[1]
