"""What the Java peer needs: its jars, from Maven Central, and its class, compiled here.

No JDK is asked for: Eclipse's compiler is one jar and runs on the Java that the broker runs on.
"""

import hashlib
import os
import subprocess
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from gridcast.stream.kafka.broker.jars import JARS, KAFKA_VERSION, fetch
from gridcast.stream.kafka.broker.node import java
from gridcast.stream.settings import load

SOURCE = Path(__file__).with_name("KafkaStreams.java")
CLASS = SOURCE.stem
NEEDED = (
    (
        *("org.apache.kafka", "kafka-streams", KAFKA_VERSION),
        "bd73f3805e116f711e8456ee89a8a5b43ff5dcf5a5bb865afae29deae89e7c4b",
    ),
    (
        *("org.rocksdb", "rocksdbjni", "10.1.3"),
        "e7f925287d9fe2574fb7c7a86f7facaa9b8ab602a2eed0e598bf633528121498",
    ),
)
COMPILER = (
    *("org.eclipse.jdt", "ecj", "3.46.100"),
    "74c93172475fee0cd4e6eefb44233516dd40525642da35d009146d97ea598229",
)


def prepare(scratch: Path) -> list[str]:
    """Compile the class into a folder; gives the command that runs it, less its arguments."""
    cache = load().settings.cache_dir
    # The broker's jars hold Kafka's client and Jackson; they come first, Streams fits them.
    kafka = fetch(cache, lambda _: None)
    jars = [str(kafka / jar.file) for jar in JARS]
    jars += [str(_fetch(cache, *jar)) for jar in NEEDED]
    compiler = _fetch(cache, *COMPILER)
    path = os.pathsep.join(jars)
    compiled = subprocess.run(
        [
            *(str(java()), "-XX:TieredStopAtLevel=1", "-jar", str(compiler)),
            *("-17", "-nowarn", "-proc:none", "-d", str(scratch), "-cp", path, str(SOURCE)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if compiled.returncode:
        raise RuntimeError(f"{SOURCE.name} does not compile: {compiled.stderr.strip()[-500:]}")
    return [str(java()), "-Xmx1g", "-cp", os.pathsep.join([str(scratch), path]), CLASS]


def _fetch(cache: Path, group: str, artifact: str, version: str, sha256: str) -> Path:
    context = MavenContext(repo_cache=cache / "bench-jars", timeout=60)
    context.remote_repos |= GlobalSettings.load().repositories
    path: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    with path.open("rb") as jar:
        if hashlib.file_digest(jar, "sha256").hexdigest() != sha256:
            path.unlink()
            raise RuntimeError(f"{path.name} is not the jar that was asked for")
    return path
