"""API keys: a file of hashes."""

from pathlib import Path

import pytest

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.identity import AccessDenied
from gridcast.gateway.access.keys import digest, new_key, parse
from gridcast.schemas.gateway import Authenticate, Scope
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def gate(file: Path) -> AccessGate:
    return AccessGate(Settings(gateway_keys_file=file))


def test_a_key_gives_its_identity_and_scopes(file: Path) -> None:
    key, entry = new_key(
        "desk-1", who='the "north" desk', scopes=[Scope.READ, Scope.ACKNOWLEDGE], below=["f-1"]
    )
    file.write_text(entry)
    identity = gate(file).identify(Authenticate(key=key))
    assert identity.who == 'the "north" desk'
    assert identity.account == "key/desk-1"
    assert identity.scopes == {Scope.READ, Scope.ACKNOWLEDGE}
    assert identity.below == {"f-1"}
    assert identity.connections == Settings().gateway_key_connections


def test_the_file_does_not_hold_the_key(file: Path) -> None:
    key, entry = new_key("desk-1", who="anna")
    assert key not in entry
    assert digest(key) in entry
    assert len({new_key("desk-1", who="anna")[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "given", [Authenticate(key="gridcast_wrong"), Authenticate(), Authenticate(token="t")]
)
def test_without_a_key_access_is_denied(file: Path, given: Authenticate) -> None:
    file.write_text(new_key("desk-1", who="anna")[1])
    with pytest.raises(AccessDenied):
        gate(file).identify(given)


def test_the_hash_of_a_key_is_no_key(file: Path) -> None:
    key, entry = new_key("desk-1", who="anna")
    file.write_text(entry)
    with pytest.raises(AccessDenied):
        gate(file).identify(Authenticate(key=digest(key)))


def test_a_key_that_is_removed_from_the_file_is_revoked(file: Path) -> None:
    (first, entry), (second, another) = new_key("a", who="anna"), new_key("b", who="ben")
    file.write_text(entry)
    opened = gate(file)
    identity, before = opened.identify(Authenticate(key=first)), opened.version
    assert opened.why_revoked(identity, Authenticate(key=first)) == ""
    file.write_text(another + "# and no more\n")
    assert opened.why_revoked(identity, Authenticate(key=first)) == "there is no such API key"
    assert opened.identify(Authenticate(key=second)).who == "ben"
    assert opened.version != before


def test_an_identity_whose_scopes_changed_is_revoked(file: Path) -> None:
    key, entry = new_key("a", who="anna", scopes=[Scope.READ, Scope.ACKNOWLEDGE])
    file.write_text(entry)
    opened = gate(file)
    identity = opened.identify(Authenticate(key=key))
    file.write_text(entry.replace('["acknowledge", "read"]', '["read"]'))
    assert opened.why_revoked(identity, Authenticate(key=key)) == "what you may do has changed"


def test_a_file_that_is_broken_later_changes_nothing(file: Path) -> None:
    key, entry = new_key("a", who="anna")
    file.write_text(entry)
    opened = gate(file)
    file.write_text("[[key]]\nid = ")
    assert opened.identify(Authenticate(key=key)).who == "anna"
    file.unlink()
    assert opened.identify(Authenticate(key=key)).who == "anna"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[key]]\nid = 7", r"key\.0\.id"),
        ('[[key]]\nid = "a"\nsha256 = "s3cret"\nwho = "a"', r"key\.0\.sha256: String should match"),
        ("[[keys]]", "keys: Extra inputs"),
        (new_key("a", who="a")[1] + new_key("a", who="b")[1], "two keys have the id a"),
        (new_key("a", who="a")[1] + 'scope = ["read"]', r"key\.0\.scope: Extra"),
        (new_key("a", who="a")[1].replace('"read"', '"write"'), "scopes"),
    ],
)
def test_a_mistake_in_the_file_is_one_clear_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        gate(file)
    assert len(str(error.value).splitlines()) == 1
    assert "s3cret" not in str(error.value)


def test_an_empty_file_has_no_keys() -> None:
    assert parse(b"") == {}


def test_a_gateway_without_any_credentials_does_not_start(file: Path) -> None:
    with pytest.raises(UserError, match="--open"):
        AccessGate(Settings())
    with pytest.raises(UserError, match=r"gateway_keys_file .*keys\.toml cannot be read: No such"):
        gate(file)


def test_an_open_gateway_is_for_this_machine_only() -> None:
    everybody = AccessGate(Settings(gateway_access="open")).identify(Authenticate())
    assert everybody.who == "anybody"
    for host in ("0.0.0.0", "::", "gateway.example"):
        with pytest.raises(UserError, match="listens on this machine only"):
            AccessGate(Settings(gateway_access="open", gateway_host=host))
