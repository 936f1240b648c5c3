"""What each engine can be told besides the specification: fields are flags of the command line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from beyondbase.errors import BadInput


class Server(StrEnum):
    """Programs that speak the OpenAI protocol, each with parameters of its own."""

    AUTO = "auto"
    """ask the server what it is"""
    VLLM = "vllm"
    SGLANG = "sglang"
    LLAMACPP = "llamacpp"
    TRANSFORMERS = "transformers"
    PLAIN = "plain"
    """nothing beyond the protocol itself, as hosted services want it"""


@dataclass(frozen=True, slots=True)
class HfOptions:
    """A transformers model in this process."""

    batch_size: int = 1024
    """samples computed at once; has no influence on what they are"""
    device: str | None = None
    """cpu, cuda, cuda:1 or mps; by default the first of cuda, mps and cpu that is there"""
    dtype: str | None = None
    """float32, bfloat16 or float16; by default float32 on a CPU and bfloat16 elsewhere"""


@dataclass(frozen=True, slots=True)
class PowerOptions:
    """Samples of a transformers model from the power alpha of its own distribution."""

    power_alpha: float = 4.0
    """the power; 1 is the model itself"""
    power_moves: int = 10
    """moves of each sample's chain: more come nearer to the law, and cost some plain samples each"""

    def checked(self) -> PowerOptions:
        """Return the same, or raise BadInput for a power or a number of moves that has no meaning."""
        if not (math.isfinite(self.power_alpha) and self.power_alpha > 0):
            raise BadInput(f"power-alpha: expected a number above 0, such as 4, got {self.power_alpha}")
        if self.power_moves < 0:
            raise BadInput(f"power-moves: expected 0 or more, got {self.power_moves}")
        return self


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """A vLLM engine in this process."""

    tensor_parallel: int = 1
    """GPUs that share one copy of the model; for several copies start several processes, each with its --shard"""
    gpu_memory: float = 0.9
    """share of a GPU's memory that vLLM takes"""
    max_model_len: int | None = None
    """longest prompt and answer together; by default that of the model"""
    vllm_args: str = "{}"
    """JSON object of further arguments of vLLM's engine, such as {"dtype": "float32"}"""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """A server that speaks the OpenAI protocol; its key is read from the environment alone."""

    base_url: str = ""
    """such as http://localhost:8000/v1; --engine openai needs it"""
    server: Server = Server.AUTO
    """what program it is: decides which parameters are sent"""
    api_key_env: str = "OPENAI_API_KEY"
    """name of the environment variable that holds the key"""
    concurrency: int = 64
    """requests under way at once"""
    samples_per_request: int = 1
    """more than 1 asks for n at once, without seeds: for servers that charge the prompt once"""
    timeout_s: float = 600.0
    """seconds until an attempt without an answer has failed"""
    retries: int = 6
    """further attempts at a request that failed in passing: about a minute of them"""
    budget_tokens: int | None = None
    """stop before this model has used up more tokens in this call, prompts included"""
    budget_usd: float | None = None
    """stop before this model has cost more in this call; needs both prices"""
    usd_per_million_in: float | None = None
    """price of a million prompt tokens"""
    usd_per_million_out: float | None = None
    """price of a million answer tokens"""


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Copies of the engine on a Ray cluster, and who verifies and writes what they draw."""

    replicas: int = 2
    """copies of the engine"""
    replica_cpus: float = 1.0
    """CPUs that Ray keeps for each"""
    replica_gpus: float | None = None
    """GPUs that Ray keeps for each; by default one for each GPU that shares a copy of the model, and none on a CPU"""
    recorders: int = 1
    """processes that verify and write, beside the replicas"""
    recorder_cpus: float = 0.0
    """CPUs that Ray keeps for each; with 0 they find room on any machine"""
    lease: int = 256
    """samples handed to a replica at once"""
    hang_s: float = 1800.0
    """seconds without any progress after which a replica that has work is ended and started anew"""
    wait_s: float = 20.0
    """seconds that samples wait for others to be written with, where nothing hangs on them"""
    status_port: int | None = None
    """port of this machine that says how far the fleet is: /status.json, /metrics; 0 lets the system choose"""

    def checked(self) -> RayOptions:
        """Return the same, or raise BadInput for a fleet that cannot be."""
        for name, value, least in (
            ("replicas", self.replicas, 1),
            ("recorders", self.recorders, 1),
            ("lease", self.lease, 1),
        ):
            if value < least:
                raise BadInput(f"{name}: expected at least {least}, got {value}")
        amounts = {"replica-cpus": self.replica_cpus, "recorder-cpus": self.recorder_cpus, "wait-s": self.wait_s}
        for name, amount in (amounts | {"replica-gpus": self.replica_gpus or 0.0}).items():
            if not (math.isfinite(amount) and amount >= 0):
                raise BadInput(f"{name}: expected 0 or more, got {amount}")
        if not self.hang_s > 0:
            raise BadInput(f"hang-s: expected more than 0 seconds, got {self.hang_s}")
        return self
