"""What a deployment can choose about its gateways."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """Read the text that an environment variable is: several with commas."""
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
        description="address on which the gateway listens; 0.0.0.0 in a container",
    )
    gateway_port: int = Field(
        8750, ge=0, le=65535, description="its port; 0 takes a free one and says which"
    )
    gateway_access: Literal["keys", "open"] = Field(
        "keys",
        description="keys: with an API key or a token; open: everybody, as a demonstration, on this"
        " machine only",
    )
    gateway_keys_file: HomePath | None = Field(
        None, description="the API keys, hashed (`gridcast gateway key` makes them)"
    )
    gateway_jwks_file: HomePath | None = Field(
        None,
        description="the public keys of who signs tokens, a JWK set; read again when it changes",
    )
    gateway_jwt_issuer: str | None = Field(
        None, description="who signs tokens (`iss`); needed with gateway_jwks_file"
    )
    gateway_jwt_audience: str = Field(
        "gridcast", min_length=1, description="for whom tokens are (`aud`)"
    )
    gateway_tls_certificate_file: HomePath | None = Field(
        None, description="the gateway's certificate, PEM; none: no TLS, as behind a load balancer"
    )
    gateway_tls_key_file: HomePath | None = Field(
        None, description="its key; none: it is in the same file"
    )
    gateway_origins: Origins = Field(
        (),
        description="sites whose pages may connect, such as https://control.example; the gateway's "
        "own may always; with commas",
    )
    gateway_connections: int = Field(
        12_000, ge=1, le=1_000_000, description="the most connections of a gateway"
    )
    gateway_key_connections: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="the most connections of one key or token, unless the key says otherwise",
    )
    gateway_key_requests: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="the most requests a minute of one key or token holder, unless the key says "
        "otherwise",
    )
    gateway_stall_s: Seconds = Field(
        10, description="a client that takes nothing of what waits for so long is cut off, seconds"
    )
    gateway_heartbeat_s: Seconds = Field(
        10, description="a client that has all is told so at least this often, seconds"
    )
    gateway_readings_every_s: Seconds = Field(
        5, description="the newest reading of a series is sent at most this often, seconds"
    )
    gateway_past_hours: float = Field(
        24, gt=0, le=192, description="how far back the gateway knows readings, hours"
    )
    gateway_silent_minutes: float = Field(
        15,
        gt=0,
        le=10_080,
        description="a series without readings for longer counts as silent on the screen, minutes",
    )
    gateway_screen_dir: HomePath | None = Field(
        None, description="a built screen to serve in place of the package's own"
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis that gateways share, for forecasts and limits, such as"
        " redis://127.0.0.1:6379/0; none: they go on without",
    )
    redis_forecast_s: float = Field(
        3_600, ge=1, le=864_000, description="how long a forecast stays in Redis, seconds"
    )
