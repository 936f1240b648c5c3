"""The model card of a base model: what it is, and the command that makes it again."""

from __future__ import annotations

import json

_CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---
# Base model of the small world

A Llama-architecture causal language model of {parameters:,} parameters that writes Countdown traces:
`numbers 3 7 12 20 target 45 :` is continued by steps `a op b = c`, separated by commas.

Made by `beyondbase train base` with the configuration below. Corpus: {sequences:,} random traces with legal
steps and right arithmetic over four numbers from 1 to 20; a share of `wrong_share` of them claims a random
target that the trace does not reach. No problem of the RLVR and test splits is in it.

Final loss (mean of the last 20 steps, nats a token): {loss:.4f}

```json
{config}
```
"""


def base_model_card(config: dict[str, object], loss: float, parameters: int) -> str:
    """Write the card."""
    sequences = int(str(config["steps"])) * int(str(config["batch_size"]))
    shown = json.dumps({k: v for k, v in config.items() if k != "out"}, indent=2)
    return _CARD.format(parameters=parameters, sequences=sequences, loss=loss, config=shown)
