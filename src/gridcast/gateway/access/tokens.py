"""JSON Web Tokens, checked against a file of public keys (a JWK set), which may change at any time.

Only signatures with a public key are taken: a secret that the gateway shares with the signer could
sign, too. A token says who (`sub`), for whom (`aud`), until when (`exp`), what they may do
(`scope`, words with spaces between) and, if they are limited, to which subtrees
(`gridcast_below`).
"""

import json
from collections.abc import Mapping
from pathlib import Path

import jwt
from pydantic import BaseModel, Field, ValidationError

from gridcast.gateway.access.file import WatchedFile
from gridcast.gateway.access.identity import AccessDenied
from gridcast.schemas.fields import Id
from gridcast.schemas.gateway import Scope

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_S = 10
"""Clocks differ."""


class Claims(BaseModel):
    """What a token says."""

    sub: str = Field(min_length=1, max_length=200)
    exp: float
    scope: str = ""
    name: str | None = Field(None, max_length=200)
    gridcast_below: list[Id] | None = None

    @property
    def scopes(self) -> frozenset[Scope]:
        """What they may do; words of other programs are passed over."""
        return frozenset(scope for scope in Scope if scope.value in self.scope.split())


class Tokens:
    """Reads tokens.

    Parameters
    ----------
    path
        The JWK set.
    issuer, audience
        Who must have signed a token, and for whom.
    """

    def __init__(self, path: Path, issuer: str, audience: str) -> None:
        self.file = WatchedFile(path, parse, "gateway_jwks_file")
        self._issuer = issuer
        self._audience = audience

    def read(self, token: str) -> Claims:
        """Give what a token says, if all of it holds."""
        keys = self.file.content()
        try:
            key = _choose(keys, jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[str(key.algorithm_name)],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            return Claims.model_validate(claims)
        except jwt.ExpiredSignatureError:
            raise AccessDenied("the token has expired") from None
        except (jwt.PyJWTError, ValidationError, ValueError) as error:
            said = "its claims" if isinstance(error, ValidationError) else str(error)
            raise AccessDenied(f"the token is not accepted: {said}") from None


def parse(data: bytes) -> dict[str, jwt.PyJWK]:
    """Read a JWK set: keys by their ids. What is wrong is one line in a ValueError."""
    try:
        found = jwt.PyJWKSet.from_dict(json.loads(data)).keys
    except (jwt.PyJWTError, AttributeError, TypeError) as error:
        raise ValueError(f"no JWK set: {error}") from None
    keys: dict[str, jwt.PyJWK] = {}
    for key in found:
        if key.key_id is None or key.key_id in keys:
            raise ValueError("every key needs a `kid` of its own")
        if key.algorithm_name not in ALGORITHMS:
            raise ValueError(f"key {key.key_id}: {key.algorithm_name} is not one of public keys")
        keys[key.key_id] = key
    return keys


def _choose(keys: Mapping[str, jwt.PyJWK], name: object) -> jwt.PyJWK:
    key = keys.get(name) if isinstance(name, str) else None
    if key is None:
        raise ValueError("no such key (`kid`)")
    return key
