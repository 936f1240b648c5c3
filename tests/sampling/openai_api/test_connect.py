"""What a server is, and what the manifest says of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.parameters import parameters
from beyondbase.sampling.options import Server, ServerOptions
from beyondbase.types import Prompt, PromptForm, SampleRequest, SamplingSpec
from tests.sampling.openai_api.faulty_server import Script, serving

PLAIN = SamplingSpec(temperature=0.7, top_p=0.9, max_tokens=40, stop=("\n\n",))
CHAT = SamplingSpec(temperature=1.0, top_p=1.0, max_tokens=40, form=PromptForm.CHAT, system="Be brief.")
PROMPTS = [Prompt("what is 1"), Prompt("what is 23")]
LLAMACPP_PROPS = {
    "/props": {
        "default_generation_settings": {"n_ctx": 64},
        "build_info": "b9000",
        "chat_template": "{{ messages }}",
    }
}
TRANSFORMERS_ROUTES = {"/openapi.json": {"paths": {"/load_model": {}}}}


@contextmanager
def connected(script: Script, **options: Any) -> Iterator[OpenAiEngine]:
    with serving(script) as url:
        yield OpenAiEngine.connect("m", ServerOptions(base_url=url, concurrency=2, **options))


def sampled(engine: OpenAiEngine, spec: SamplingSpec, prompt: Prompt = PROMPTS[0], seed: int = 7) -> None:
    [(_, completion)] = engine.generate([SampleRequest("p", prompt, 0, seed)], spec)
    assert completion.error == ""


@pytest.mark.parametrize(
    ("owner", "get", "server", "version"),
    [
        ("vllm", {"/version": {"version": "0.32.0"}}, Server.VLLM, "0.32.0"),
        ("sglang", {"/get_server_info": {"version": "0.5.4"}}, Server.SGLANG, "0.5.4"),
        ("other", {"/get_server_info": {"version": "0.5.4"}}, Server.SGLANG, "0.5.4"),
        ("llamacpp", LLAMACPP_PROPS, Server.LLAMACPP, "b9000"),
        ("me", LLAMACPP_PROPS, Server.LLAMACPP, "b9000"),
        ("author", TRANSFORMERS_ROUTES, Server.TRANSFORMERS, "not told"),
        ("openai", {}, Server.PLAIN, "not told"),
    ],
)
def test_a_server_is_known_by_what_it_says(owner: str, get: Mapping[str, Any], server: Server, version: str) -> None:
    with connected(Script(owner=owner, get=get)) as engine:
        settings = engine.settings(PLAIN, PROMPTS)
    assert (settings["server"], settings["server_version"]) == (server.value, version)
    assert settings["server_defaults"] == ("not known" if server is Server.PLAIN else "switched off by what is sent")


def test_the_manifest_says_everything_that_is_sent_and_the_server_gets_it() -> None:
    script = Script(owner="vllm", get={"/version": {"version": "0.32.0"}}, max_model_len=100)
    with connected(script) as engine:
        settings = engine.settings(CHAT, PROMPTS)
        sampled(engine, CHAT)
    [body] = script.bodies
    sent = json.loads(settings["sent"])
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "what is 1"}]
    assert body == {"model": "m", "messages": messages, "seed": 7, **sent}
    assert sent == {
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 40,
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "include_stop_str_in_output": True,
        "return_token_ids": True,
        "logprobs": True,
        "top_logprobs": 0,
    }
    assert settings["context"] == "100"
    assert settings["first_prompt_token_ids"] == json.dumps(list(b"what is 1"))
    assert json.loads(settings["model_card"]) == {"id": "m", "max_model_len": 100, "owned_by": "vllm"}
    assert all(isinstance(value, str) for value in settings.values())


def test_settings_are_the_same_at_every_call() -> None:
    with serving(Script(owner="vllm", get={"/version": {"version": "1"}})) as url:
        first, second = (OpenAiEngine.connect("m", ServerOptions(base_url=url)) for _ in range(2))
        assert first.settings(PLAIN, PROMPTS) == second.settings(PLAIN, PROMPTS)


@pytest.mark.parametrize("spec", [PLAIN, CHAT], ids=["plain", "chat"])
@pytest.mark.parametrize(
    ("server", "off"),
    [
        (Server.VLLM, {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "include_stop_str_in_output": True}),
        (Server.SGLANG, {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "no_stop_trim": True}),
        (
            Server.LLAMACPP,
            {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0, "samplers": ["temperature", "top_k", "top_p"]},
        ),
        (Server.PLAIN, {}),
    ],
)
def test_defaults_of_each_server_are_switched_off(server: Server, off: Mapping[str, Any], spec: SamplingSpec) -> None:
    sent = parameters(server, spec)
    assert sent.items() >= {"temperature": spec.temperature, "top_p": spec.top_p, "max_tokens": 40}.items()
    assert all(sent[name] == value for name, value in off.items())
    assert sent.get("stop") == (["\n\n"] if spec is PLAIN else None)


def test_transformers_serve_is_told_a_generation_config_that_samples() -> None:
    config = json.loads(parameters(Server.TRANSFORMERS, PLAIN)["generation_config"])
    assert config.items() >= {"do_sample": True, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}.items()
    greedy = parameters(Server.TRANSFORMERS, SamplingSpec(temperature=0, top_k=5))
    assert json.loads(greedy["generation_config"]).items() >= {"do_sample": False, "top_k": 5}.items()


def test_top_k_is_sent_where_it_can_be_and_refused_elsewhere() -> None:
    spec = SamplingSpec(top_k=20)
    assert {parameters(server, spec)["top_k"] for server in (Server.VLLM, Server.SGLANG, Server.LLAMACPP)} == {20}
    with pytest.raises(BadInput, match="top-k: expected none, since a plain server has no such parameter, got 20"):
        parameters(Server.PLAIN, spec)


def test_log_probabilities_are_asked_for_only_where_they_are_those_of_the_sampled_distribution() -> None:
    assert "logprobs" in parameters(Server.VLLM, SamplingSpec(temperature=1, top_p=1))
    for spec in (SamplingSpec(temperature=0.6, top_p=1), SamplingSpec(temperature=1, top_p=0.9)):
        assert "logprobs" not in parameters(Server.VLLM, spec)


@pytest.mark.parametrize(
    ("owner", "get", "sent", "said"),
    [
        ("vllm", {}, 2**62 + 1, "sent"),
        ("llamacpp", LLAMACPP_PROPS, (2**62 + 1) % (2**32 - 1), "sent, modulo 4294967295"),
        ("hosted", {}, 1, "sent, modulo 9007199254740992; not known whether the server heeds them"),
    ],
)
def test_a_seed_is_sent_as_the_server_takes_it(owner: str, get: Mapping[str, Any], sent: int, said: str) -> None:
    script = Script(owner=owner, get=get)
    with connected(script) as engine:
        assert engine.settings(SamplingSpec(max_tokens=9), PROMPTS)["seeds"] == said
        sampled(engine, SamplingSpec(max_tokens=9), seed=2**62 + 1)
    assert script.bodies[0]["seed"] == sent


def test_transformers_serve_is_asked_one_request_at_a_time_since_its_seed_is_global() -> None:
    script = Script(get=TRANSFORMERS_ROUTES)
    with connected(script) as engine:
        requests = [SampleRequest("p", PROMPTS[0], index, index) for index in range(8)]
        assert len(list(engine.generate(requests, PLAIN))) == 8
    assert script.most_under_way == 1
    with pytest.raises(BadInput, match="samples-per-request: expected 1"), connected(script, samples_per_request=2):
        pass


@pytest.mark.parametrize(("owner", "get"), [("vllm", {}), ("sglang", {}), ("llamacpp", LLAMACPP_PROPS)])
def test_a_plain_prompt_is_sent_as_the_very_tokens_of_the_manifest(owner: str, get: Mapping[str, Any]) -> None:
    script = Script(owner=owner, get=get)
    for add_bos, first in ((False, b"what"[0]), (True, 0)):
        with connected(script) as engine:
            settings = engine.settings(SamplingSpec(max_tokens=9, add_bos=add_bos), PROMPTS)
            sampled(engine, SamplingSpec(max_tokens=9, add_bos=add_bos))
        ids = json.loads(settings["first_prompt_token_ids"])
        assert ids[0] == first and script.bodies[-1]["prompt"] == ids
        assert settings["bos"] == ("added" if add_bos else "not added")


@pytest.mark.parametrize("spec", [SamplingSpec(add_bos=True), SamplingSpec(add_bos=True, form=PromptForm.CHAT)])
def test_a_beginning_of_sequence_token_is_refused_where_the_server_decides(spec: SamplingSpec) -> None:
    with connected(Script()) as engine, pytest.raises(BadInput, match="add-bos: expected false"):
        engine.settings(spec, PROMPTS)


def test_llama_cpp_tells_its_template_and_context() -> None:
    with connected(Script(owner="llamacpp", get=LLAMACPP_PROPS)) as engine:
        settings = engine.settings(CHAT, PROMPTS)
        assert settings["first_prompt_token_ids"] == json.dumps([0, *b"<user>what is 1"])
        assert len(settings["chat_template_hash"]) == 16
        with pytest.raises(BadInput, match=r"max-tokens: expected at most 47 .the server's context of 64 less"):
            engine.settings(SamplingSpec(max_tokens=48, form=PromptForm.CHAT), PROMPTS)


def test_an_answer_that_cannot_fit_is_refused_before_the_first_token() -> None:
    script = Script(owner="vllm", max_model_len=49)
    with connected(script) as engine, pytest.raises(BadInput, match=r"at most 39 .*longest prompt of 10 tokens"):
        engine.settings(CHAT, PROMPTS)
    assert not script.bodies


def test_images_become_parts_of_the_message_and_have_no_place_in_a_plain_prompt() -> None:
    url = "data:image/png;base64,AAAA"
    prompt = Prompt("what is 1", (url, "https://example.org/a.png"))
    script = Script(owner="vllm")
    with connected(script) as engine:
        engine.settings(CHAT, [prompt])
        sampled(engine, CHAT, prompt)
        with pytest.raises(BadInput, match="form: expected chat for a prompt with images"):
            engine.settings(PLAIN, [PROMPTS[0], prompt])
        with pytest.raises(BadInput, match=r"images: expected data: or https: addresses, got 'a.png'"):
            engine.settings(CHAT, [Prompt("x", ("a.png",))])
    assert [part["type"] for part in script.bodies[0]["messages"][-1]["content"]] == ["image_url", "image_url", "text"]
    assert script.bodies[0]["messages"][-1]["content"][0]["image_url"] == {"url": url}


def test_a_system_message_needs_the_chat_form() -> None:
    with connected(Script()) as engine, pytest.raises(BadInput, match="system: expected none for a plain prompt"):
        engine.settings(SamplingSpec(system="Be brief."), PROMPTS)


def test_a_model_that_the_server_has_not_is_refused_with_those_it_has() -> None:
    with serving(Script(models=("qwen-7b", "llama-8b"))) as url:
        wanted = r"model: expected one that http.* has .qwen-7b, llama-8b., got 'qwen-7'; perhaps you meant qwen-7b"
        with pytest.raises(BadInput, match=wanted):
            OpenAiEngine.connect("qwen-7", ServerOptions(base_url=url))


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(BadInput, match=r"expected a server, got none .* start it, or mend base-url") as caught:
        OpenAiEngine.connect("m", ServerOptions(base_url=url))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"base_url": ""},
            "base-url: expected http:// or https:// and a host, such as http://localhost:8000/v1, got ''",
        ),
        ({"base_url": "localhost:8000"}, "base-url: expected http:// or https://"),
        ({"concurrency": 0}, "concurrency: expected at least 1, got 0"),
        ({"samples_per_request": 0}, "samples-per-request: expected at least 1, got 0"),
        ({"retries": -1}, "retries: expected at least 0, got -1"),
        ({"timeout_s": 0.0}, "timeout-s: expected more than 0, got 0.0"),
        ({"timeout_s": float("nan")}, "timeout-s: expected more than 0, got nan"),
        ({"budget_usd": 1.0, "usd_per_million_in": 1.0}, "budget-usd: expected both prices beside it"),
    ],
)
def test_options_that_no_server_could_be_used_by_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        OpenAiEngine.connect("m", ServerOptions(**({"base_url": "http://127.0.0.1:1/v1"} | options)))


def test_openai_itself_is_told_the_number_of_tokens_by_its_newer_name() -> None:
    assert parameters(Server.PLAIN, CHAT, hosted_by_openai=True)["max_completion_tokens"] == 40
    assert parameters(Server.PLAIN, PLAIN, hosted_by_openai=True)["max_tokens"] == 40
