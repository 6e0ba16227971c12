"""Every knob of a training, each with its meaning and unit; the file that `--config` names.

`gridcast train --show-config` prints it whole, with its comments.
"""

import json
import tomllib
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError

Variable = Literal[
    "temperature_c", "humidity_pct", "wind_ms", "cloud_pct", "irradiance_wm2", "pressure_hpa"
]
assert get_args(Variable) == VARIABLES  # noqa: S101 - a Literal cannot be made from a tuple
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Features(_Part):
    """What the model sees."""

    step_minutes: Literal[0, 1, 5, 10, 15, 30, 60] = Field(
        0,
        description="width of one slot of the forecast, minutes; 0: the coarsest step of the data",
    )
    hold_minutes: int = Field(
        0,
        ge=0,
        le=120,
        description="how long a reading may stand for the load when no other follows, minutes; as"
        " in serving. 0: one step, of the data or of the forecast, whichever is longer",
    )
    lookback_hours: int = Field(
        168, ge=24, le=192, description="how far back the model sees, hours; at most 8 days"
    )
    recent: int = Field(
        12, ge=1, le=96, description="how many of the newest slots it sees one by one; older: hours"
    )
    horizon_hours: int = Field(24, ge=1, le=168, description="how far ahead it forecasts, hours")
    weather: Literal["found"] | tuple[Variable, ...] = Field(
        "found",
        description='weather as measured up to the origin: "found" (all that the stations of the'
        " data measured), or a list of " + ", ".join(VARIABLES),
    )
    operator: bool = Field(
        False,
        description="whether the operator's own forecast of the hours ahead is seen; needs"
        " [operator_forecast] in the mapping",
    )
    holidays: bool = Field(True, description="whether holidays are told from other days")
    day_of_year: Literal["auto"] | bool = Field(
        "auto",
        description='whether the day of the year is seen; "auto": where the data to train on span'
        " at least two years (from one year it learns the year by heart)",
    )
    static: tuple[str, ...] = Field(
        (), description="what is seen of a series itself, beside its load; a list of names"
    )
    lam: Literal["off", "gcv"] | Finite = Field(
        "off",
        description='smoothness of the spline that windows are smoothed by, slots cubed; "off":'
        ' gaps are filled, the rest is as measured; "gcv": chosen by cross-validation from what is'
        " trained on",
    )


class Network(_Part):
    """Which network."""

    name: str = Field("lstm", description="lstm, bilstm, gru or attention-lstm")
    members: int = Field(
        1, ge=1, le=16, description="networks whose quantiles are averaged, each of its own seed"
    )
    hidden: int = Field(64, ge=4, le=1024, description="width of the recurrent layers")
    layers: int = Field(1, ge=1, le=4, description="recurrent layers, one above the other")
    dropout: Share = Field(0.2, description="share of the units left out at random in training")


class Training(_Part):
    """How it is trained."""

    seed: int = Field(1, ge=0, description="of all that is drawn at random")
    threads: int = Field(
        1, ge=1, le=64, description="of the CPU; more than 1 may change the last bits of a result"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to train; auto: on a GPU if there is one"
    )
    steps: int = Field(600, ge=1, le=1_000_000, description="steps of the optimiser, at most")
    batch: int = Field(256, ge=1, le=65_536, description="samples a step")
    learning_rate: Finite = Field(2e-3, description="of AdamW, at its highest")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="how the learning rate goes from there: down a cosine, or not at all"
    )
    warmup: Share = Field(0.05, description="share of the steps in which the rate rises from 0")
    weight_decay: float = Field(
        1e-2, ge=0, allow_inf_nan=False, description="of AdamW: pulls weights to 0; 0: off"
    )
    ema: Share = Field(
        0.99, description="how much of the averaged weights stays at each step; 0: no averaging"
    )
    check_every: int = Field(
        50, ge=1, description="steps from one look at the validation loss to the next"
    )
    patience: int = Field(
        5,
        ge=0,
        description="stop after so many looks without a better validation loss; 0: never",
    )
    weather_dropout: Share = Field(
        0.15,
        description="share of the samples trained without weather, so that the model can do"
        " without; where the model sees the operator's forecast, that is dropped likewise",
    )


class Split(_Part):
    """Which part of the time is for what: each file is split by itself."""

    train: Share = Field(0.7, gt=0, description="share of the time to train on, the oldest")
    validation: Share = Field(
        0.1, gt=0, description="share after that, to stop and to calibrate by; the rest: to test"
    )

    @model_validator(mode="after")
    def _leaves_a_test(self) -> Self:
        if self.train + self.validation > 0.95:
            raise ValueError("train and validation leave less than 0.05 of the time to test")
        return self


class Evaluation(_Part):
    """How the result is judged."""

    levels: tuple[Level, ...] = Field(
        (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        min_length=1,
        description="probabilities of the quantiles that are forecast, rising",
    )
    calibrate: bool = Field(
        True, description="whether intervals are widened or narrowed by the validation part"
    )
    every_hours: int = Field(1, ge=1, le=168, description="from one test origin to the next, hours")
    most_samples: int = Field(
        20_000,
        ge=50,
        description="test (and validation) samples at most; more are thinned out evenly",
    )
    baselines: tuple[
        Literal[
            "persistence",
            "seasonal_naive_day",
            "seasonal_naive_week",
            "moving_average",
            "ridge",
            "lightgbm",
        ],
        ...,
    ] = Field(
        (
            "persistence",
            "seasonal_naive_day",
            "seasonal_naive_week",
            "moving_average",
            "ridge",
            "lightgbm",
        ),
        description="what the model is compared with",
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(low >= high for low, high in pairwise(self.levels)):
            raise ValueError("levels must rise")
        if 0.5 not in self.levels:
            raise ValueError("levels must include 0.5: the median is the forecast of one number")
        return self


class Search(_Part):
    """Where `gridcast tune` looks: from and to, or a list of what to try."""

    hidden: tuple[int, int] = Field((32, 128), description="network.hidden, from and to")
    layers: tuple[int, int] = Field((1, 2), description="network.layers, from and to")
    dropout: tuple[float, float] = Field((0.0, 0.4), description="network.dropout, from and to")
    learning_rate: tuple[float, float] = Field(
        (5e-4, 8e-3), description="training.learning_rate, from and to, by its logarithm"
    )
    weight_decay: tuple[float, float] = Field(
        (1e-4, 1e-1), description="training.weight_decay, from and to, by its logarithm"
    )
    batch: tuple[int, ...] = Field((128, 256, 512), description="training.batch, one of")
    names: tuple[str, ...] = Field((), description="network.name, one of; []: as it is")
    lookback_hours: tuple[int, ...] = Field((), description="features.lookback_hours, one of")
    recent: tuple[int, ...] = Field((), description="features.recent, one of")


class Config(_Part):
    """All of it."""

    features: Features = Features()
    network: Network = Network()
    training: Training = Training()
    split: Split = Split()
    evaluation: Evaluation = Evaluation()
    search: Search = Search()


def load_config(path: Path | None) -> Config:
    """Read a config file; what is wrong in it is a :class:`UserError` of one line."""
    if path is None:
        return Config()
    try:
        return parse_config(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        raise UserError(f"the config file {path} is not there") from None
    except OSError as error:
        raise UserError(f"the config file {path} cannot be read: {error}") from None


def parse_config(text: str, where: str) -> Config:
    """Read the text of a config file."""
    try:
        return Config.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise UserError(f"{where}: {_one_line(error)}") from None
    except ValueError as error:
        raise UserError(f"{where} is not TOML: {error}") from None


def _one_line(error: ValidationError) -> str:
    every = error.errors(include_url=False, include_context=False)
    first = every[0]
    place = ".".join(map(str, first["loc"][:2]))
    if first["type"] == "extra_forbidden":
        return f"there is no {place!r} (`gridcast train --show-config` shows all there is)"
    # Where a key takes a word or a number, each of the two says what it wanted.
    told = [str(one["msg"]) for one in every if one["loc"][:2] == first["loc"][:2]]
    message = " or: ".join(text.removeprefix("Value error, ") for text in dict.fromkeys(told))
    given = first["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float | list) else ""
    return f"{place}: {message}{shown}"


def write_config(config: Config) -> str:
    """Write a config as TOML, each key under a comment that says what it is."""
    parts = []
    for name in Config.model_fields:
        part: BaseModel = getattr(config, name)
        lines = [f"# {(type(part).__doc__ or '').splitlines()[0]}", f"[{name}]"]
        for key, field in type(part).model_fields.items():
            lines += wrap(field.description or "", 98, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{key} = {_toml(getattr(part, key))}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _toml(value: Any) -> str:
    """Write a value: JSON's strings, numbers, booleans and lists are TOML's too."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
