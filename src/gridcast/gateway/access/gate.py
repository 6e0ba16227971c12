"""The access gate: from credentials to an identity, or to the reason why access is denied."""

import time
from ipaddress import ip_address

from gridcast.gateway.access import keys
from gridcast.gateway.access.file import WatchedFile
from gridcast.gateway.access.identity import AccessDenied, Identity
from gridcast.gateway.access.tokens import Tokens
from gridcast.schemas.gateway import Authenticate, Scope
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

ANYBODY = "anybody"


class AccessGate:
    """Authenticates clients.

    Raises
    ------
    UserError
        The settings admit no client at all, or every client from everywhere.
    """

    def __init__(self, settings: Settings) -> None:
        self.is_open = settings.gateway_access == "open"
        self._settings = settings
        self._keys: WatchedFile[dict[str, keys.ApiKey]] | None = None
        self._tokens: Tokens | None = None
        if self.is_open:
            if not is_loopback(settings.gateway_host):
                raise UserError(
                    f"an open gateway listens on this machine only, not on {settings.gateway_host}:"
                    " set gateway_host to 127.0.0.1, or gateway_access to keys"
                )
            return
        if settings.gateway_keys_file is not None:
            self._keys = WatchedFile(settings.gateway_keys_file, keys.parse, "gateway_keys_file")
        if settings.gateway_jwks_file is not None:
            if settings.gateway_jwt_issuer is None:
                raise UserError(
                    "gateway_jwks_file needs gateway_jwt_issuer, the issuer of the tokens"
                )
            self._tokens = Tokens(
                settings.gateway_jwks_file,
                settings.gateway_jwt_issuer,
                settings.gateway_jwt_audience,
            )
        if self._keys is None and self._tokens is None:
            raise UserError(
                "no client could authenticate: set gateway_keys_file or gateway_jwks_file, or "
                "admit everyone on this machine with --open"
            )

    @property
    def version(self) -> int:
        """Changes when the keys change, so that connections must be checked again."""
        version = 0
        for file in (self._keys, None if self._tokens is None else self._tokens.file):
            if file is not None:
                file.content()
                version += file.version
        return version

    def identify(self, given: Authenticate) -> Identity:
        """Return the identity of a client.

        Raises
        ------
        AccessDenied
            The credentials are missing or invalid.
        """
        if self.is_open:
            return self._anybody()
        if given.key is not None:
            return self._by_key(given.key)
        if given.token is not None:
            return self._by_token(given.token)
        raise AccessDenied("an API key or a token is needed")

    def why_revoked(self, identity: Identity, given: Authenticate) -> str:
        """Return why an admitted client would no longer be admitted; empty if it would be."""
        try:
            present = self.identify(given)
        except AccessDenied as denial:
            return str(denial)
        has_changed = (present.scopes, present.below) != (identity.scopes, identity.below)
        return "what you may do has changed" if has_changed else ""

    def _by_key(self, secret: str) -> Identity:
        key = None if self._keys is None else self._keys.content().get(keys.digest(secret))
        if key is None:
            raise AccessDenied("there is no such API key")
        return Identity(
            who=key.who,
            account=f"key/{key.id}",
            scopes=key.scopes,
            below=key.below,
            connections=key.connections or self._settings.gateway_key_connections,
            requests_per_minute=key.requests_per_minute or self._settings.gateway_key_requests,
        )

    def _by_token(self, token: str) -> Identity:
        if self._tokens is None:
            raise AccessDenied("tokens are not accepted here")
        claims = self._tokens.read(token)
        return Identity(
            who=claims.sub if claims.name is None else f"{claims.name} ({claims.sub})"[:200],
            account=f"token/{claims.sub}",
            scopes=claims.scopes,
            below=frozenset(claims.gridcast_below or ()),
            connections=self._settings.gateway_key_connections,
            requests_per_minute=self._settings.gateway_key_requests,
            expires=claims.exp,
        )

    def _anybody(self) -> Identity:
        return Identity(
            who=ANYBODY,
            account=ANYBODY,
            scopes=frozenset(Scope),
            below=frozenset(),
            connections=self._settings.gateway_connections,
            requests_per_minute=60_000,
        )


def has_expired(identity: Identity) -> bool:
    """Return True if the identity's token has expired."""
    return identity.expires is not None and time.time() > identity.expires


def is_loopback(host: str) -> bool:
    """Return True if an address is reachable from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
