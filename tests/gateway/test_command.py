"""`gridcast gateway`: it creates keys, and reports each mistake in one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridcast.gateway.access.gate import AccessGate
from gridcast.schemas.gateway import Authenticate, Scope
from gridcast.stream.settings import Settings


def gridcast(*words: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gridcast", "gateway", *words],
        cwd=folder,
        env={"PATH": "/usr/bin", "HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_created_key_gives_access(tmp_path: Path) -> None:
    made = gridcast(
        *("key", "desk-1", "--who", "the north desk", "--scope", "read"),
        *("--scope", "acknowledge", "--below", "f-1"),
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "keys.toml").write_text(made.stdout)
    key = made.stderr.split()[-1]
    assert key not in made.stdout
    gate = AccessGate(Settings(gateway_keys_file=tmp_path / "keys.toml"))
    identity = gate.identify(Authenticate(key=key))
    assert (identity.who, identity.below) == ("the north desk", frozenset({"f-1"}))
    assert identity.scopes == {Scope.READ, Scope.ACKNOWLEDGE}


@pytest.mark.parametrize(
    ("words", "environment", "message"),
    [
        (["key", "no id", "--who", "anna"], {}, "cannot create the key"),
        ([], {}, "no client could authenticate: set gateway_keys_file"),
        (["--open", "--host", "0.0.0.0"], {}, "listens on this machine only"),
        (["--open"], {"GRIDCAST_GATEWAY_SCREEN_DIR": "/nowhere"}, "holds no index.html"),
        (["--open"], {"GRIDCAST_REDIS_URL": "http://s3cret@nowhere"}, "redis_url"),
        (["--open"], {"GRIDCAST_GATEWAY_PORT": "1000000"}, "gateway_port"),
        (["--open"], {"GRIDCAST_GATEWAY_TLS_CERTIFICATE_FILE": "/nowhere"}, "cannot be used: No"),
        ([], {"GRIDCAST_GATEWAY_ORIGINS": "control.example"}, "gateway_origins"),
    ],
)
def test_an_error_that_the_user_can_fix_is_one_line(
    tmp_path: Path, words: list[str], environment: dict[str, str], message: str
) -> None:
    done = gridcast(*words, folder=tmp_path, **environment)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
