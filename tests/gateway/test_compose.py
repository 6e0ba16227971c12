"""The container of Redis: a real server accepts its options."""

import subprocess
from pathlib import Path
from typing import Any

import yaml
from support.redis import SERVER, RedisServer

FILE = Path(__file__).parents[2] / "deploy/docker-compose.redis.yml"


def test_a_server_of_that_version_accepts_the_options_of_the_container(tmp_path: Path) -> None:
    service: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]["redis"]
    output = subprocess.run(
        [SERVER, "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = service["image"].rpartition(":")[2]
    assert f"v={version}." in output
    program, *options = service["command"]
    assert program == "valkey-server"
    with RedisServer(tmp_path, *options) as server:
        policy = server.client().config_get("maxmemory-policy")
        assert policy == {"maxmemory-policy": "volatile-ttl"}
