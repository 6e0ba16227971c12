"""All settings of a deployment, and the origin of each value.

The first of these sources that has a value wins:

1. a command-line flag (``--broker``),
2. the environment (``GRIDCAST_BROKER``),
3. a TOML file (``--config FILE``, else ``$GRIDCAST_CONFIG``, else ``./gridcast.toml``),
4. the default below.
"""

import os
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gridcast.stream.errors import UserError
from gridcast.stream.gateway_settings import GatewaySettings

ENVIRONMENT_PREFIX = "GRIDCAST_"
FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
DEFAULT_FILE = Path("gridcast.toml")


def _whole_number(value: object) -> object:
    """Return an environment variable's text as a number: a Literal of numbers accepts no text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


Step = Annotated[Literal[1, 5, 10, 15, 30, 60], BeforeValidator(_whole_number)]


def _split(value: object) -> object:
    """Return the parts of an environment variable's text, which has commas between them."""
    return tuple(map(str.strip, value.split(","))) if isinstance(value, str) else value


Level = Annotated[float, Field(gt=0, lt=1)]
Levels = Annotated[tuple[Level, ...], NoDecode, BeforeValidator(_split)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(GatewaySettings, BaseSettings):
    """The settings of a deployment."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True)

    broker: str = Field(
        "127.0.0.1:9092",
        pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$",
        description="Kafka's address: host:port, several with commas",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="protocol of the connections to Kafka"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="mechanism of the login to Kafka (with SASL_*)"
    )
    sasl_username: str | None = Field(None, description="Kafka user (with SASL_*)")
    sasl_password: SecretStr | None = Field(None, description="Kafka password (with SASL_*)")
    tls_ca_file: Path | None = Field(
        None, description="certificate authority that signed the brokers' certificates (with *SSL)"
    )
    tls_certificate_file: Path | None = Field(
        None, description="client certificate, if Kafka requires one (with *SSL)"
    )
    tls_key_file: Path | None = Field(
        None, description="key of that certificate; none: it is in the same file (with *SSL)"
    )
    tls_key_password: SecretStr | None = Field(
        None, description="password of that key, if it has one (with *SSL)"
    )

    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="prefix of all topic names, so that two deployments can share one Kafka",
    )
    partitions: int = Field(
        4, ge=1, le=1000, description="partitions of the topics that are partitioned by series"
    )
    replication: int = Field(
        1, ge=1, le=10, description="replicas of every topic (3 in production)"
    )

    step_minutes: Step = Field(15, description="width of a forecast's slot, minutes")
    window_days: int = Field(
        8,
        ge=8,
        le=60,
        description="length of a window, days (a week and one day at least)",
    )
    horizon_hours: float = Field(
        24, ge=1, le=168, description="length of a forecast, hours (whole steps)"
    )
    levels: Levels = Field(
        (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        min_length=1,
        description="probabilities of a forecast's quantiles, rising, with commas; a model can "
        "serve if it has all of them",
    )
    weather_old_hours: float = Field(
        24,
        gt=0,
        allow_inf_nan=False,
        description="maximum age of a weather forecast, hours; if it is older, the model forecasts "
        "without weather, and the forecast says so",
    )
    threads: int = Field(
        0, ge=0, le=256, description="threads that compute a tick; 0: one per core"
    )
    model: Literal["box", "none"] = Field(
        "box",
        description="what forecasts where no release serves. box: gridcast's own model for this "
        "step; none: statistics of each series' past",
    )
    hold_minutes: int = Field(
        0,
        ge=0,
        le=120,
        description="how long a reading counts as the load if no other follows, minutes; 0: one "
        "step; with readings every minute, 3 is a good choice",
    )
    lateness_s: Seconds = Field(
        0,
        description="how long a tick waits for readings that arrive out of order, seconds of event "
        "time; later readings still correct the window, and count from the next tick on",
    )
    clock: Literal["live", "replay"] = Field(
        "live",
        description="live: the wall clock closes ticks where no readings arrive; replay: only "
        "readings close ticks, so that the speed of a replay changes nothing",
    )
    every_minutes: int = Field(
        1,
        ge=1,
        le=60,
        description="minutes between two forecasts of a series; more than 1 only with clock = "
        "replay, for speed; alarms and online learning stay the same",
    )
    idle_margin_s: Seconds = Field(
        15,
        description="with clock = live: how much later than readings the wall clock closes a tick, "
        "seconds",
    )
    warm_standby: bool = Field(
        False,
        description="keep a copy of the state of the other workers' partitions, to take them over "
        "faster; it costs the memory of that state",
    )
    stuck_after_s: Seconds = Field(
        60,
        description="a partition is reported as stuck if it makes no progress for so long though "
        "messages wait, seconds",
    )
    future_bound_s: Seconds = Field(
        300, description="a reading further in the future than this is refused, seconds"
    )
    message_bytes: int = Field(
        1_000_000,
        ge=1_000,
        le=100_000_000,
        description="size of the largest message that is accepted, bytes",
    )

    detect: bool = Field(
        True,
        description="detect anomalies in the readings, and raise alarms; switching it off drops "
        "what the detectors have learned",
    )
    dead_letter_limit_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="an alarm is raised if a larger share of a partition's readings than this is "
        "refused within 15 minutes, 0 to 1 (1: never)",
    )
    dead_letter_limit_per_minute: float = Field(
        1_000,
        gt=0,
        allow_inf_nan=False,
        description="an alarm is also raised if more of a partition's readings than this are "
        "refused per minute",
    )

    shelve_hours: float = Field(
        24, gt=0, le=8_760, description="maximum time that an alarm can be shelved, hours"
    )

    log_format: Literal["text", "json"] = Field(
        "text", description="format of the log: text for people, json for programs"
    )
    trace_endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="where traces are sent (OTLP over HTTP), such as "
        "http://127.0.0.1:4318/v1/traces; needs gridcast[otel]; none: nowhere",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="port on which a worker serves its metrics; 0: none"
    )
    metrics_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address on which a worker serves its metrics; 0.0.0.0 in a container",
    )

    broker_dir: Path = Field(
        default_factory=lambda: user_data_path("gridcast") / "broker",
        description="folder of the data of `gridcast broker`",
    )
    jars_dir: Path | None = Field(
        None, description="folder with Kafka's jars, for machines that cannot download them"
    )
    evaluations_file: Path = Field(
        default_factory=lambda: user_data_path("gridcast") / "evaluations.duckdb",
        description="file of the past evaluations of `gridcast backtest` (DuckDB)",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("gridcast"),
        description="folder of what was downloaded",
    )

    @field_validator("levels", mode="after")
    @classmethod
    def _rising(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in pairwise(levels)):
            raise PydanticCustomError("rising", "levels must rise")
        return levels

    @field_validator("every_minutes", mode="after")
    @classmethod
    def _every_minute_live(cls, minutes: int, info: ValidationInfo) -> int:
        if minutes > 1 and info.data.get("clock") == "live":
            raise PydanticCustomError("live", "more than 1 only with clock = replay")
        return minutes

    @field_validator(
        "broker_dir",
        "jars_dir",
        "evaluations_file",
        "cache_dir",
        "tls_ca_file",
        "tls_certificate_file",
        "tls_key_file",
        mode="after",
    )
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only the values that :func:`load` passes: it reads the other sources itself."""
        return (init_settings,)


class SettingOrigin(BaseModel):
    """The source of a value."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["flag", "environment", "file", "default"]
    name: str = Field(description="the flag, variable or file, as the user wrote it")

    def __str__(self) -> str:
        return "default" if self.kind == "default" else f"{self.kind} {self.name}"


class Loaded(BaseModel):
    """The settings in force, and the origin of each."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: Mapping[str, SettingOrigin]


def load(flags: Mapping[str, Any] | None = None, *, file: Path | None = None) -> Loaded:
    """Return the settings of all sources; a wrong value is a :class:`UserError` with its origin."""
    values: dict[str, Any] = {}
    origins: dict[str, SettingOrigin] = {
        name: SettingOrigin(kind="default", name="") for name in Settings.model_fields
    }
    # Later sources win.
    for origin, given in (*_from_file(file), *_from_environment(), *_from_flags(flags or {})):
        values |= given
        origins |= dict.fromkeys(given, origin)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise UserError(_one_line(error, origins)) from None
    return Loaded(settings=settings, origins=origins)


def unknown_variables() -> list[str]:
    """Return the GRIDCAST_* variables that set nothing.

    They are no error: Kubernetes sets GRIDCAST_SERVICE_HOST and others in every container beside a
    service of that name. `gridcast config` shows them, in case one is misspelt.
    """
    variables = {ENVIRONMENT_PREFIX + name.upper() for name in Settings.model_fields} | {
        FILE_VARIABLE
    }
    return sorted(
        name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX) and name not in variables
    )


_Source = tuple[SettingOrigin, dict[str, Any]]


def _from_file(file: Path | None) -> list[_Source]:
    variable = os.environ.get(FILE_VARIABLE)
    named = file or (Path(variable) if variable else None)
    path = named or DEFAULT_FILE
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if named is None:
            return []
        raise UserError(f"the settings file {path} is not there") from None
    except (OSError, ValueError) as error:
        raise UserError(f"the settings file {path} cannot be read: {error}") from None
    return [(SettingOrigin(kind="file", name=str(path)), values)]


def _from_environment() -> list[_Source]:
    return [
        (SettingOrigin(kind="environment", name=ENVIRONMENT_PREFIX + name.upper()), {name: value})
        for name, value in EnvSettingsSource(Settings)().items()
    ]


def _from_flags(flags: Mapping[str, Any]) -> list[_Source]:
    return [
        (SettingOrigin(kind="flag", name="--" + name.replace("_", "-")), {name: value})
        for name, value in flags.items()
        if value is not None
    ]


def _one_line(error: ValidationError, origins: Mapping[str, SettingOrigin]) -> str:
    """Return the first error in one line, with its origin and without the values of secrets."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    if first["type"] == "extra_forbidden":
        where = next((o for key, o in origins.items() if key == name), None)
        return f"{where}: there is no setting {name!r} (`gridcast config` lists them all)"
    given = "" if _is_secret(name) else f", not {first['input']!r}"
    return f"{name} (from {origins[name]}): {first['msg']}{given}"


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)
