"""The engine for servers that speak the OpenAI protocol: vLLM, SGLang, llama.cpp, transformers serve, hosted ones.

connection: where it is, and the key   discovery: what it is   parameters, prompts: what is asked
exchange: one request                  trouble, spending: when to stop   replies: what came   engine: all together
"""

from beyondbase.sampling.openai_api.engine import OpenAiEngine
from beyondbase.sampling.openai_api.estimate import Estimate, estimate

__all__ = ["Estimate", "OpenAiEngine", "estimate"]
