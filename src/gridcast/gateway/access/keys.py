"""API keys: a file of their hashes, who has them and what they may do.

A key is 32 random bytes, so its SHA-256 is as good as a slow hash of a password would be: there is
no dictionary to try. Who reads the file learns no key.

>>> key, line = new_key("control-room", who="the control room")
>>> found = parse(line.encode())[digest(key)]
>>> found.who, sorted(found.scopes)
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
    who: str = Field(min_length=1, max_length=200, description="who has it: acts in this name")
    scopes: frozenset[Scope] = Field(frozenset({Scope.READ}), description="what it may do")
    below: frozenset[Id] = Field(frozenset(), description="subtrees that it is limited to")
    connections: int | None = Field(None, ge=1, description="the most at a time")
    requests_per_minute: int | None = Field(None, ge=1, description="the most requests")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: list[ApiKey] = []


def digest(key: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def parse(data: bytes) -> dict[str, ApiKey]:
    """Read the file: keys by their hash. What is wrong is one line in a ValueError."""
    try:
        keys = _File.model_validate(tomllib.loads(data.decode())).key
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    twice = {key.id for key in keys if sum(other.id == key.id for other in keys) > 1}
    if twice:
        raise ValueError(f"two keys have the id {min(twice)}")
    return {key.sha256: key for key in keys}


def new_key(
    name: str, *, who: str, scopes: Iterable[Scope] = (Scope.READ,), below: Iterable[str] = ()
) -> tuple[str, str]:
    """Make a key; gives it, which is not kept anywhere, and its entry for the file."""
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
    """Write a text or a list of texts; JSON's are TOML's."""
    return json.dumps(value, ensure_ascii=False)
