"""The engine for a model behind a server that speaks the OpenAI protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from beyondbase.errors import BadInput
from beyondbase.sampling.feed import Feed
from beyondbase.sampling.openai_api.connection import Connection, check_options
from beyondbase.sampling.openai_api.discovery import Served, discover
from beyondbase.sampling.openai_api.drawing import Drawing, Jobs
from beyondbase.sampling.openai_api.estimate import Estimate, estimate
from beyondbase.sampling.openai_api.exchange import Patience
from beyondbase.sampling.openai_api.parameters import (
    KEEPS_STOP,
    ONE_AT_A_TIME,
    TAKES_NO_N,
    Parameters,
    parameters,
    seeds_in_words,
    untouched,
)
from beyondbase.sampling.openai_api.prompts import TokenIds, check_length, check_prompts
from beyondbase.sampling.openai_api.spending import Spending
from beyondbase.sampling.openai_api.streaming import Streaming
from beyondbase.sampling.openai_api.tokens import BY_LENGTH, BY_TOKENIZER, KnownPrompts, check_bos, count, token_ids
from beyondbase.sampling.openai_api.trouble import Trouble
from beyondbase.sampling.options import Server, ServerOptions
from beyondbase.types import Completion, Prompt, PromptForm, SampleRequest, SamplingSpec

_FEWEST_IN_A_ROW = 20
_OPENAI = "api.openai.com"


@dataclass(slots=True)
class OpenAiEngine:
    """Sample from a model behind a server, many requests at once."""

    served: Served
    options: ServerOptions
    connection: Connection
    patience: Patience
    trouble: Trouble
    spending: Spending
    _token_ids: dict[Prompt, TokenIds | None] = field(default_factory=dict, repr=False)
    _token_ids_of: tuple[PromptForm, str, bool] | None = field(default=None, repr=False)

    @classmethod
    def connect(cls, model: str, options: ServerOptions) -> OpenAiEngine:
        """Find the server and the model on it; raises BadInput if either is not there."""
        check_options(options)
        connection = Connection.of(options)
        with connection.client() as http:
            served = discover(http, connection, model, options.server)
        if options.samples_per_request > 1 and served.server in TAKES_NO_N:
            raise BadInput(
                f"samples-per-request: expected 1 for this server ({served.server.value}), which returns one sample "
                f"whatever is asked, got {options.samples_per_request}"
            )
        return cls(
            served,
            options,
            connection,
            Patience(options.retries + 1),
            Trouble(connection.base_url, max(_FEWEST_IN_A_ROW, 2 * options.concurrency)),
            Spending(options),
        )

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        """Resolve what is sent and what the server does with it, the first prompt's token ids among it."""
        check_prompts(prompts, spec)
        sent = self._parameters(spec)
        ids = self._ids_of(prompts, spec)
        bos = check_bos(self.connection, self.served, prompts[0], spec)
        check_length([len(known) for known in ids if known is not None], spec, self.served.context)
        served, first = self.served, ids[0]
        told = {
            "engine": "openai",
            "base_url": self.connection.base_url,
            "server": served.server.value,
            "server_version": served.version,
            "model": served.model,
            "model_card": json.dumps(served.card, sort_keys=True),
            "context": "not told" if served.context is None else str(served.context),
            "sent": json.dumps(sent, sort_keys=True),
            "server_defaults": "not known" if served.server is Server.PLAIN else "switched off by what is sent",
            "seeds": seeds_in_words(served.server, self.options.samples_per_request),
            "stop_strings": "kept" if served.server in KEEPS_STOP else "dropped by the server",
            "bos": bos,
            "logprobs": _logprobs_in_words(served.server, spec),
            "first_prompt": prompts[0].text,
            "first_prompt_token_ids": "not told" if first is None else json.dumps(list(first)),
        }
        if served.chat_template is not None:
            told["chat_template_hash"] = hashlib.sha256(served.chat_template.encode()).hexdigest()[:16]
        return told

    def estimate(self, spec: SamplingSpec, prompts: Sequence[Prompt], n_max: int) -> Estimate:
        """Say what n_max samples of each prompt cost at most; nothing is sampled."""
        ids = self._ids_of(prompts, spec)
        counted = BY_TOKENIZER if all(known is not None for known in ids) else BY_LENGTH
        counts = [count(known, prompt, spec) for known, prompt in zip(ids, prompts, strict=True)]
        return estimate(counts, spec, n_max, self.options, counted)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield each request with its completion, as it is finished.

        Raises BudgetSpent once a budget allows no further request, after those under way; BadInput
        if the server refuses all requests, has gone, or ends samples before max_tokens.
        """
        self._ids_of([request.prompt for request in requests], spec)
        yield from self.generate_fed(Feed.of(requests), spec)

    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        """Yield as `generate` does, and raise as it does, requests from a feed as there are places for them."""
        drawing = Drawing(
            self.served.model,
            self.served.server,
            self.connection,
            self.patience,
            self.trouble,
            self.spending,
            spec,
            self._parameters(spec),
            KnownPrompts(self._known(spec), lambda prompt: token_ids(self.connection, self.served, [prompt], spec)),
            seeded=self.options.samples_per_request == 1,
        )
        concurrency = 1 if self.served.server in ONE_AT_A_TIME else self.options.concurrency
        streaming = Streaming(self.connection.async_client, drawing.complete, concurrency)
        for done in streaming.results(Jobs(feed, self.options.samples_per_request, self.spending)):
            yield from done
        if self.spending.refused is not None:
            raise self.spending.spent()

    def _parameters(self, spec: SamplingSpec) -> Parameters:
        hosted = urlsplit(self.connection.base_url).hostname == _OPENAI
        return parameters(self.served.server, spec, hosted_by_openai=hosted)

    def _ids_of(self, prompts: Sequence[Prompt], spec: SamplingSpec) -> list[TokenIds | None]:
        """Token ids of prompts, asked for once; kept for the next call, which in a run has these prompts or fewer."""
        known = self._known(spec)
        new = [prompt for prompt in prompts if prompt not in known]
        # Others are let go: a judge asks about each text once.
        self._token_ids = {prompt: known[prompt] for prompt in prompts if prompt in known}
        if new:
            self._token_ids |= token_ids(self.connection, self.served, new, spec)
        return [self._token_ids[prompt] for prompt in prompts]

    def _known(self, spec: SamplingSpec) -> dict[Prompt, TokenIds | None]:
        """Token ids that a specification like this one was told before."""
        decides = (spec.form, spec.system, spec.add_bos)
        if self._token_ids_of != decides:
            self._token_ids, self._token_ids_of = {}, decides
        return self._token_ids


def _logprobs_in_words(server: Server, spec: SamplingSpec) -> str:
    if server is not Server.VLLM:
        return "not asked for"
    if not untouched(spec):
        return "not asked for: the server tells those of the model, not of the distribution sampled from"
    return "of the model, which is the distribution sampled from"
