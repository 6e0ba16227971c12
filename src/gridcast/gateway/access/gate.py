"""The gate: from credentials to somebody, or to a reason why not."""

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
    """Lets people in.

    Raises
    ------
    UserError
        The settings let in nobody, or everybody from everywhere.
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
                raise UserError("gateway_jwks_file needs gateway_jwt_issuer, who signs")
            self._tokens = Tokens(
                settings.gateway_jwks_file,
                settings.gateway_jwt_issuer,
                settings.gateway_jwt_audience,
            )
        if self._keys is None and self._tokens is None:
            raise UserError(
                "nobody could come in: name a gateway_keys_file or a gateway_jwks_file, or let in "
                "everybody of this machine with --open"
            )

    @property
    def version(self) -> int:
        """Another number: other keys, so that somebody may have lost theirs."""
        version = 0
        for file in (self._keys, None if self._tokens is None else self._tokens.file):
            if file is not None:
                file.content()
                version += file.version
        return version

    def identify(self, given: Authenticate) -> Identity:
        """Say who it is; whoever is not let in is told why (:class:`AccessDenied`)."""
        if self.is_open:
            return self._anybody()
        if given.key is not None:
            return self._by_key(given.key)
        if given.token is not None:
            return self._by_token(given.token)
        raise AccessDenied("an API key or a token is needed")

    def why_revoked(self, identity: Identity, given: Authenticate) -> str:
        """Say why somebody who was let in would not be any more; nothing if they would."""
        try:
            now = self.identify(given)
        except AccessDenied as why:
            return str(why)
        changed = (now.scopes, now.below) != (identity.scopes, identity.below)
        return "what you may do has changed" if changed else ""

    def _by_key(self, given: str) -> Identity:
        found = None if self._keys is None else self._keys.content().get(keys.digest(given))
        if found is None:
            raise AccessDenied("there is no such API key")
        return Identity(
            who=found.who,
            account=f"key/{found.id}",
            scopes=found.scopes,
            below=found.below,
            connections=found.connections or self._settings.gateway_key_connections,
            requests_per_minute=found.requests_per_minute or self._settings.gateway_key_requests,
        )

    def _by_token(self, given: str) -> Identity:
        if self._tokens is None:
            raise AccessDenied("tokens are not taken here")
        claims = self._tokens.read(given)
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
    """Tell whether somebody's token has."""
    return identity.expires is not None and time.time() > identity.expires


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
