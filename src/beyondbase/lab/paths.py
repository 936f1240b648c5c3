"""Where the base model that ships with the package lies."""

from pathlib import Path

BASE_MODEL = Path(__file__).parent / "base_model"
