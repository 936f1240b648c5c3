from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from beyondbase.errors import StoreError
from beyondbase.store import Run, RunWriter, Shard, compact, open_run, part_writer, retrying
from beyondbase.store.place import names, place
from beyondbase.store.url_path import UrlPath
from tests.store.s3_server import KEY, SECRET, WRONG_SECRET_OF, Store, environment, s3_store

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]
URL = "s3://bucket/some/run"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with s3_store() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with an empty bucket, found by the environment; its library's own tries are off: ours must do."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setattr(retrying, "PATIENCE", retrying.Patience(20.0, 0.01, 0.1))
    S3FileSystem.clear_instance_cache()
    server.calm()
    fs = S3FileSystem(endpoint_url=server.url, key=KEY, secret=SECRET, skip_instance_cache=True)
    fs.mkdir("bucket")
    yield server
    server.calm()
    fs.rm("bucket", recursive=True)
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_writer, "COMMIT_ROWS", 20)


@pytest.fixture
def writers(store: Store) -> Iterator[Callable[[], Writer]]:
    """Begin processes of which none outlives the test."""
    begun = list[Writer]()

    def begin() -> Writer:
        begun.append(Writer())
        return begun[-1]

    yield begin
    for writer in begun:
        writer.kill()


class Writer:
    """A process that draws at URL when it is told; see s3_writer.py."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.store.s3_writer", URL]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def draw(self, shard: Shard) -> None:
        assert self._process.stdout is not None and self._process.stdin is not None
        assert self._process.stdout.readline() == "ready\n"
        self._process.stdin.write(f"{shard.index} {shard.of}\n")
        self._process.stdin.flush()

    def running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> int:
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def stored() -> dict[str, bytes]:
    """Every object of the bucket."""
    fs = S3FileSystem()
    fs.invalidate_cache()
    return {path: fs.cat_file(path) for path in fs.find("bucket")}


def parts_in(run: Run) -> list[str]:
    folders = (run.path / "samples", run.path / "verdicts" / "exact-1")
    return [name for folder in folders for name in names(folder) if name.endswith(".parquet")]


@pytest.mark.usefixtures("small_parts")
def test_a_run_on_a_store_that_fails_and_dawdles_is_that_of_a_folder(
    store: Store, draw: Draw, contents: Contents, whole: dict[str, list[Any]]
) -> None:
    store.busy, store.broken, store.lost, store.slow, store.slow_s = 0.2, 0.05, 0.2, 0.2, 0.02
    assert contents(draw(URL)) == contents(open_run(URL)) == whole
    assert all(store.faults[fault] > 3 for fault in ("SlowDown", "InternalError", "lost", "slow"))
    before = len(parts_in(open_run(URL)))
    assert before > 20
    assert compact(URL).parts_after == 2
    assert contents(open_run(URL)) == contents(draw(URL)) == whole
    assert len(parts_in(open_run(URL))) == 2


def test_two_writers_at_once_on_a_bad_store_make_the_whole(
    store: Store, writers: Callable[[], Writer], contents: Contents, whole: dict[str, list[Any]]
) -> None:
    store.busy, store.lost, store.slow, store.slow_s = 0.2, 0.1, 0.5, 0.02
    both = [writers() for _ in range(2)]
    for index, writer in enumerate(both):
        writer.draw(Shard(index, 2))
    assert [writer.ended() for writer in both] == [0, 0]
    run = open_run(URL)
    assert contents(run) == whole
    rows = run._samples.rows()[1]
    assert rows.select("problem_id", "sample_index").filter(rows["finish"] != "error").is_duplicated().sum() == 0


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_whose_writers_are_killed_goes_on_and_ends_as_if_none_had_been(
    store: Store,
    writers: Callable[[], Writer],
    draw: Draw,
    contents: Contents,
    whole: dict[str, list[Any]],
    kills: int,
) -> None:
    store.busy, store.lost, store.slow, store.slow_s = 0.1, 0.1, 1.0, 0.01
    dice = random.Random(kills)
    seen = set[tuple[str, int]]()
    beside = [writers() for _ in range(2)]
    for kill in range(kills):
        # The next one gets ready meanwhile.
        writer, beside = beside[0], [*beside[1:], *([writers()] if kill < kills - 2 else [])]
        until = store.asked["PUT"] + dice.randint(1, 12 if kill % 3 else 3)
        writer.draw(Shard(0, 1))
        while store.asked["PUT"] < until and writer.running():
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        writer.kill()
        if "manifest.json" in names(place(URL)):
            now = set(open_run(URL).samples().select("problem_id", "sample_index").collect().rows())
            assert seen <= now
            seen = now
    assert seen
    store.calm()
    assert contents(draw(URL)) == whole


def test_how_much_is_asked_does_not_grow_with_the_parts(
    store: Store, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    for rows in (50_000, 3):
        monkeypatch.setattr(part_writer, "COMMIT_ROWS", rows)
        url = f"s3://bucket/in-parts-of-{rows}"
        run = draw(url)
        n_parts = len(parts_in(run))
        with store.counting() as opening:
            opened = open_run(url)
        assert opening == {"GET": 1}
        with store.counting() as counting:
            opened.counts()
        # One folder of samples and one of verdicts; the footer and then the rows of each part, and the problems.
        assert counting == {"LIST": 2, "GET": 2 * n_parts + 1}
        with store.counting() as again:
            opened.counts()
        assert again == {"LIST": 2, "GET": n_parts + 1}
        with store.counting() as writing, RunWriter(url):
            pass
        assert writing["GET"] == 2 and not writing.keys() - {"GET", "LIST"}
        asked.append((n_parts, writing["LIST"]))
    (few, lists), (many, as_many) = asked
    assert many > 5 * few
    assert lists == as_many <= 5


def test_a_commit_is_one_put_for_each_part_and_nothing_else(store: Store, draw: Draw) -> None:
    verdicts = draw(URL).verdicts().collect()
    with RunWriter(URL) as writer:
        for _ in range(3):
            writer.append_verdicts("exact-1", verdicts)
            with store.counting() as asked:
                writer.commit()
            assert asked == {"PUT": 1}


def test_to_look_for_an_object_lists_no_folder(store: Store) -> None:
    folder = place("s3://bucket/many")
    assert isinstance(folder, UrlPath)
    for i in range(20):
        (folder / f"{i}").write_bytes(b"1")
    with store.counting() as asked:
        assert (folder / "3").exists()
    assert asked == {"HEAD": 1}
    # What is no object may be a folder, for which one name below it is asked.
    assert folder.exists() and not (folder / "33").exists()
    assert (folder / "3").read_bytes() == b"1"
    (folder / "3").unlink()
    (folder / "3").unlink()
    assert not (folder / "3").exists()


def test_of_a_large_part_only_the_columns_that_are_asked_for_come(store: Store, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from beyondbase.store.tables import scan

    noise = random.Random(0)
    table = pa.table({"text": [noise.randbytes(500).hex() for _ in range(2000)], "n": range(2000)})
    paths = []
    for i in range(3):
        pq.write_table(table, tmp_path / "file", compression="zstd")
        paths.append(UrlPath(f"s3://bucket/large/part-{i:06}.parquet"))
        paths[-1].write_bytes((tmp_path / "file").read_bytes())
    names(UrlPath("s3://bucket/large"))
    read = list[int]()
    read_range = UrlPath.read_range

    def noted(path: UrlPath, start: int, end: int | None = None) -> bytes:
        content = read_range(path, start, end)
        read.append(len(content))
        return content

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UrlPath, "read_range", noted)
        frame = scan(paths, table.schema).select("n").collect()
    assert frame["n"].to_list() == [*range(2000)] * 3
    assert sum(read) < 0.2 * 3 * (tmp_path / "file").stat().st_size
    assert scan(paths, table.schema).head(3).collect().equals(scan(paths, table.schema).collect().head(3))
    assert scan(paths, table.schema).filter(n=7).collect().height == 3


@pytest.mark.usefixtures("small_parts")
def test_an_upload_in_pieces_that_is_broken_off_leaves_nothing_to_be_seen(store: Store) -> None:
    fs, where = UrlPath(f"{URL}/samples/part-000001.parquet").location()
    content, chunk = bytes(11 * 2**20), 5 * 2**20
    fs.pipe_file(where, content, chunksize=chunk)
    assert names(place(f"{URL}/samples")) == ["part-000001.parquet"] and fs.cat_file(where) == content
    fs.rm_file(where)
    upload = fs.call_s3("create_multipart_upload", Bucket="bucket", Key="some/run/samples/part-000001.parquet")
    fs.call_s3("upload_part", Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"], PartNumber=1, Body=b"1")
    assert names(place(f"{URL}/samples")) == [] and not UrlPath(f"{URL}/samples/part-000001.parquet").exists()


@pytest.mark.usefixtures("small_parts")
def test_no_object_of_a_run_holds_a_secret_or_an_endpoint(store: Store, draw: Draw) -> None:
    run = draw(URL)
    compact(URL)
    draw(URL, Shard(0, 2))
    run.audit()
    objects = stored()
    assert {path.rpartition("/")[2] for path in objects} >= {"manifest.json", "problems.parquet"}
    for secret in (KEY, SECRET, store.url.removeprefix("http://")):
        assert not [path for path, content in objects.items() if secret.encode() in content or secret in path]


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as caught:
        act()
    said = str(caught.value)
    assert "\n" not in said and SECRET not in said
    return said


def test_what_a_store_refuses_is_said_at_once_in_one_line(
    store: Store, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE", retrying.Patience(120.0, 60.0, 60.0))
    begin = time.monotonic()
    mend = "check the address, the network and the credentials"
    assert refusal(lambda: draw("s3://nowhere/run")) == (
        "s3://nowhere/run/problems.parquet: cannot be written "
        f"(OSError: no such place: The specified bucket does not exist); {mend}"
    )
    assert refusal(lambda: open_run("s3://nowhere/run")).startswith("s3://nowhere/run: expected a run, found no manif")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", WRONG_SECRET_OF)
    S3FileSystem.clear_instance_cache()
    said = f"{URL}/manifest.json: cannot be read (PermissionError: told to); {mend}"
    assert refusal(lambda: open_run(URL)) == refusal(lambda: draw(URL)) == said
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()
    assert refusal(lambda: open_run(URL)) == (
        f"{URL}/manifest.json: cannot be read (NoCredentialsError: Unable to locate credentials); {mend}"
    )
    assert time.monotonic() - begin < 25  # a second try would wait for half a minute at least
    assert refusal(lambda: place("s3://somebody:hidden@bucket/run")) == (
        "s3://bucket/run: expected a URL without a password, got one with it; "
        "put the credentials where the storage's own library looks for them"
    )


def test_a_store_that_stays_away_is_no_damage_and_what_was_committed_is_there_afterwards(
    store: Store, draw: Draw, contents: Contents, whole: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE", retrying.Patience(0.3, 0.01, 0.05))
    run = draw(URL)
    store.busy = 1.0
    for act in (run.counts, lambda: run._samples._damage(run._samples._names()), lambda: compact(URL)):
        said = refusal(act)
        assert re.match(
            rf"{URL}/\S+: cannot be (read|listed) \(OSError: \[Errno \d+\] told to\); it was tried for", said
        )
        assert said.endswith("run the same command again") and "damage" not in said and "delete" not in said
    store.calm()
    assert contents(run) == contents(draw(URL)) == whole
