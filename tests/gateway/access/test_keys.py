"""API keys: a file of hashes."""

from pathlib import Path

import pytest

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.identity import NotLetIn
from gridcast.gateway.access.keys import digest, new_key, parse
from gridcast.schemas.gateway import Authenticate, Scope
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def gate(file: Path) -> AccessGate:
    return AccessGate(Settings(gateway_keys_file=file))


def test_a_key_lets_in_who_has_it_with_what_they_may_do(file: Path):
    key, entry = new_key(
        "desk-1", who='the "north" desk', scopes=[Scope.READ, Scope.ACKNOWLEDGE], below=["f-1"]
    )
    file.write_text(entry)
    identity = gate(file).judge(Authenticate(key=key))
    assert identity.who == 'the "north" desk'
    assert identity.account == "key/desk-1"
    assert identity.scopes == {Scope.READ, Scope.ACKNOWLEDGE}
    assert identity.below == {"f-1"}
    assert identity.connections == Settings().gateway_key_connections


def test_the_file_does_not_hold_the_key(file: Path):
    key, entry = new_key("desk-1", who="anna")
    assert key not in entry
    assert digest(key) in entry
    assert len({new_key("desk-1", who="anna")[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "given", [Authenticate(key="gridcast_wrong"), Authenticate(), Authenticate(token="t")]
)
def test_whoever_has_no_key_is_not_let_in(file: Path, given: Authenticate):
    file.write_text(new_key("desk-1", who="anna")[1])
    with pytest.raises(NotLetIn):
        gate(file).judge(given)


def test_the_hash_of_a_key_is_no_key(file: Path):
    key, entry = new_key("desk-1", who="anna")
    file.write_text(entry)
    with pytest.raises(NotLetIn):
        gate(file).judge(Authenticate(key=digest(key)))


def test_a_key_that_is_taken_from_the_file_holds_no_more(file: Path):
    (first, entry), (second, another) = new_key("a", who="anna"), new_key("b", who="ben")
    file.write_text(entry)
    opened = gate(file)
    identity, before = opened.judge(Authenticate(key=first)), opened.version
    assert opened.still(identity, Authenticate(key=first)) == ""
    file.write_text(another + "# and no more\n")
    assert opened.still(identity, Authenticate(key=first)) == "there is no such API key"
    assert opened.judge(Authenticate(key=second)).who == "ben"
    assert opened.version != before


def test_whoever_may_do_something_else_by_now_comes_in_anew(file: Path):
    key, entry = new_key("a", who="anna", scopes=[Scope.READ, Scope.ACKNOWLEDGE])
    file.write_text(entry)
    opened = gate(file)
    identity = opened.judge(Authenticate(key=key))
    file.write_text(entry.replace('["acknowledge", "read"]', '["read"]'))
    assert opened.still(identity, Authenticate(key=key)) == "what you may do has changed"


def test_a_file_that_is_broken_later_changes_nothing(file: Path):
    key, entry = new_key("a", who="anna")
    file.write_text(entry)
    opened = gate(file)
    file.write_text("[[key]]\nid = ")
    assert opened.judge(Authenticate(key=key)).who == "anna"
    file.unlink()
    assert opened.judge(Authenticate(key=key)).who == "anna"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[key]]\nid = 7", r"key\.0\.id"),
        ('[[key]]\nid = "a"\nsha256 = "s3cret"\nwho = "a"', r"key\.0\.sha256: String should match"),
        ("[[keys]]", "keys: Extra inputs"),
        (new_key("a", who="a")[1] + new_key("a", who="b")[1], "two keys have the id a"),
        (new_key("a", who="a")[1] + 'scope = ["read"]', r"key\.0\.scope: Extra"),
        (new_key("a", who="a")[1].replace('"read"', '"write"'), "scopes"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_clear_line(file: Path, text: str, said: str):
    file.write_text(text)
    with pytest.raises(UserError, match=said) as error:
        gate(file)
    assert len(str(error.value).splitlines()) == 1
    assert "s3cret" not in str(error.value)


def test_an_empty_file_lets_in_nobody():
    assert parse(b"") == {}


def test_a_gateway_that_would_let_in_nobody_says_what_to_do(file: Path):
    with pytest.raises(UserError, match="--open"):
        AccessGate(Settings())
    with pytest.raises(UserError, match=r"gateway_keys_file .*keys\.toml cannot be read: No such"):
        gate(file)


def test_an_open_gateway_is_for_this_machine_only():
    everybody = AccessGate(Settings(gateway_access="open")).judge(Authenticate())
    assert everybody.who == "anybody"
    for host in ("0.0.0.0", "::", "gateway.example"):
        with pytest.raises(UserError, match="listens on this machine only"):
            AccessGate(Settings(gateway_access="open", gateway_host=host))
