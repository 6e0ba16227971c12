"""JSON Web Tokens, verified against a file of public keys (a JWK set) that may change at any time.

Only signatures by public-key algorithms are accepted, because a secret that is shared with the
gateway could sign as well. A token has a subject (`sub`), an audience (`aud`), an expiry (`exp`),
scopes (`scope`, separated by spaces) and, if it is limited, subtrees (`gridcast_below`).
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
"""Tolerated difference between clocks."""


class Claims(BaseModel):
    """The claims of a token."""

    sub: str = Field(min_length=1, max_length=200)
    exp: float
    scope: str = ""
    name: str | None = Field(None, max_length=200)
    gridcast_below: list[Id] | None = None

    @property
    def scopes(self) -> frozenset[Scope]:
        """The known scopes. Those of other programs are ignored."""
        return frozenset(scope for scope in Scope if scope.value in self.scope.split())


class Tokens:
    """Verifies tokens.

    Parameters
    ----------
    path
        The JWK set.
    issuer, audience
        The required issuer and audience of a token.
    """

    def __init__(self, path: Path, issuer: str, audience: str) -> None:
        self.file = WatchedFile(path, parse, "gateway_jwks_file")
        self._issuer = issuer
        self._audience = audience

    def read(self, token: str) -> Claims:
        """Return the claims of a token.

        Raises
        ------
        AccessDenied
            The token is invalid or has expired.
        """
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
            reason = "invalid claims" if isinstance(error, ValidationError) else str(error)
            raise AccessDenied(f"the token is not accepted: {reason}") from None


def parse(data: bytes) -> dict[str, jwt.PyJWK]:
    """Return the keys of a JWK set by id. Raise ValueError with one line if it is invalid."""
    try:
        listed = jwt.PyJWKSet.from_dict(json.loads(data)).keys
    except (jwt.PyJWTError, AttributeError, TypeError) as error:
        raise ValueError(f"no JWK set: {error}") from None
    keys: dict[str, jwt.PyJWK] = {}
    for key in listed:
        if key.key_id is None or key.key_id in keys:
            raise ValueError("every key needs a `kid` of its own")
        if key.algorithm_name not in ALGORITHMS:
            raise ValueError(
                f"key {key.key_id}: {key.algorithm_name} is not a public-key algorithm"
            )
        keys[key.key_id] = key
    return keys


def _choose(keys: Mapping[str, jwt.PyJWK], name: object) -> jwt.PyJWK:
    key = keys.get(name) if isinstance(name, str) else None
    if key is None:
        raise ValueError("no such key (`kid`)")
    return key
