"""API keys: a file with their hashes, their holders and their scopes.

A key is 32 random bytes. Its SHA-256 is as safe as a slow password hash, because no dictionary
contains it. The file reveals no key.

>>> key, line = new_key("control-room", who="the control room")
>>> entry = parse(line.encode())[digest(key)]
>>> entry.who, sorted(entry.scopes)
('the control room', [<Scope.READ: 'read'>])
"""

import hashlib
import json
import secrets
import tomllib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridcast.schemas.fields import Id
from gridcast.schemas.gateway import Scope

PREFIX = "gridcast_"


class ApiKey(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id = Field(description="its name, for logs and limits")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="the key's SHA-256")
    who: str = Field(min_length=1, max_length=200, description="its holder, who acts in this name")
    scopes: frozenset[Scope] = Field(frozenset({Scope.READ}), description="what it gives access to")
    below: frozenset[Id] = Field(frozenset(), description="subtrees that it is limited to")
    connections: int | None = Field(None, ge=1, description="maximum number of connections")
    requests_per_minute: int | None = Field(None, ge=1, description="maximum requests a minute")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: list[ApiKey] = []


def digest(key: str) -> str:
    """Return the hash of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def parse(data: bytes) -> dict[str, ApiKey]:
    """Return the file's keys by hash. Raise ValueError with one line if the file is invalid."""
    try:
        keys = _File.model_validate(tomllib.loads(data.decode())).key
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    duplicates = {key.id for key in keys if sum(other.id == key.id for other in keys) > 1}
    if duplicates:
        raise ValueError(f"two keys have the id {min(duplicates)}")
    return {key.sha256: key for key in keys}


def new_key(
    name: str, *, who: str, scopes: Iterable[Scope] = (Scope.READ,), below: Iterable[str] = ()
) -> tuple[str, str]:
    """Create a key; return the key itself, which is stored nowhere, and its entry for the file."""
    key = PREFIX + secrets.token_urlsafe(32)
    try:
        entry = ApiKey(
            id=name, sha256=digest(key), who=who, scopes=frozenset(scopes), below=frozenset(below)
        )
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    lines = ["[[key]]", f"id = {_toml(entry.id)}", f'sha256 = "{entry.sha256}"']
    lines += [f"who = {_toml(entry.who)}", f"scopes = {_toml(sorted(entry.scopes))}"]
    if entry.below:
        lines.append(f"below = {_toml(sorted(entry.below))}")
    return key, "\n".join(lines) + "\n"


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _toml(value: object) -> str:
    """Return a text or a list of texts in TOML, for which JSON is valid."""
    return json.dumps(value, ensure_ascii=False)
