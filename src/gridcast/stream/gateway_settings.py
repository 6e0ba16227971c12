"""The settings of the gateways."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """Split a comma-separated environment variable; return any other value unchanged."""
    if not isinstance(value, str):
        return value
    return tuple(part for part in map(str.strip, value.split(",")) if part)


HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
Origin = Annotated[str, Field(pattern=r"^https?://[^\s/]+$")]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)]
Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]


class GatewaySettings(BaseModel):
    """The settings of `gridcast gateway`; a part of `gridcast.stream.settings.Settings`."""

    gateway_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address of the gateway; 0.0.0.0 in a container",
    )
    gateway_port: int = Field(
        8750, ge=0, le=65535, description="its port; 0: a free one, which it prints"
    )
    gateway_access: Literal["keys", "open"] = Field(
        "keys",
        description="keys: clients need an API key or a token; open: for everyone on this machine,"
        " as a demonstration",
    )
    gateway_keys_file: HomePath | None = Field(
        None, description="file of hashed API keys, made by `gridcast gateway key`"
    )
    gateway_jwks_file: HomePath | None = Field(
        None,
        description="public keys of the issuer of tokens, a JWK set; read again when it changes",
    )
    gateway_jwt_issuer: str | None = Field(
        None, description="issuer of tokens (`iss`); required with gateway_jwks_file"
    )
    gateway_jwt_audience: str = Field(
        "gridcast", min_length=1, description="audience of tokens (`aud`)"
    )
    gateway_tls_certificate_file: HomePath | None = Field(
        None, description="the gateway's certificate, PEM; none: no TLS, as behind a load balancer"
    )
    gateway_tls_key_file: HomePath | None = Field(
        None, description="its key; none: the key is in the same file"
    )
    gateway_origins: Origins = Field(
        (),
        description="websites whose pages may connect, such as https://control.example, separated "
        "by commas; the gateway's own always may",
    )
    gateway_connections: int = Field(
        12_000, ge=1, le=1_000_000, description="maximum number of connections"
    )
    gateway_key_connections: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="maximum number of connections per key or token, unless the key says otherwise",
    )
    gateway_key_requests: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="maximum number of requests per minute and key or token holder, unless the key "
        "says otherwise",
    )
    gateway_stall_s: Seconds = Field(
        10, description="a client that reads nothing for so long is disconnected, seconds"
    )
    gateway_heartbeat_s: Seconds = Field(
        10, description="interval of the heartbeats to a client that has everything, seconds"
    )
    gateway_readings_every_s: Seconds = Field(
        5, description="minimum interval between two readings of a series to a client, seconds"
    )
    gateway_past_hours: float = Field(
        24, gt=0, le=192, description="how far back the gateway keeps readings, hours"
    )
    gateway_silent_minutes: float = Field(
        15,
        gt=0,
        le=10_080,
        description="the screen shows a series without readings for longer as silent, minutes",
    )
    gateway_screen_dir: HomePath | None = Field(
        None, description="folder of a built screen, instead of the package's own"
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis for forecasts and limits that gateways share, such as"
        " redis://127.0.0.1:6379/0; none: each on its own",
    )
    redis_forecast_s: float = Field(
        3_600, ge=1, le=864_000, description="how long a forecast stays in Redis, seconds"
    )
