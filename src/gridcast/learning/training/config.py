"""The configuration of a training: each key with its meaning and unit; the file of `--config`.

`gridcast train --show-config` prints it with comments.
"""

import json
import tomllib
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from gridcast.models.features.static import STATIC
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError

Variable = Literal[
    "temperature_c", "humidity_pct", "wind_ms", "cloud_pct", "irradiance_wm2", "pressure_hpa"
]
assert get_args(Variable) == VARIABLES  # noqa: S101 - a Literal cannot be made from a tuple
NAMES = ("lstm", "bilstm", "gru", "attention-lstm")
"""Names of the networks. A test compares them with the registry, which imports torch."""
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Features(_Part):
    """The model's inputs."""

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
        12, ge=0, le=96, description="how many of the newest slots it sees one by one; older: hours"
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
        (),
        description="what is seen of a series itself, as its mapping declares it; a list of "
        + ", ".join(STATIC),
    )
    lam: Literal["off", "gcv"] | Finite = Field(
        "off",
        description='smoothness of the spline that windows are smoothed by, slots cubed; "off":'
        ' gaps are filled, the rest is as measured; "gcv": chosen by cross-validation from what is'
        " trained on",
    )

    @field_validator("static")
    @classmethod
    def _known(cls, static: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in static if name not in STATIC]:
            raise ValueError(f"there is no {unknown[0]!r} to be seen of a series")
        return static


class NetworkConfig(_Part):
    """The network."""

    name: str = Field("lstm", description="lstm, bilstm, gru or attention-lstm")
    members: int = Field(
        3, ge=1, le=16, description="networks whose quantiles are averaged, each of its own seed"
    )
    hidden: int = Field(64, ge=4, le=1024, description="width of the recurrent layers")
    layers: int = Field(1, ge=1, le=4, description="recurrent layers, one above the other")
    dropout: Share = Field(0.2, description="share of the units left out at random in training")

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in NAMES:
            raise ValueError(f"should be one of {', '.join(NAMES)}")
        return name


class Training(_Part):
    """The optimisation."""

    seed: int = Field(1, ge=0, description="of all that is drawn at random")
    threads: int = Field(
        1, ge=1, le=64, description="of the CPU; more than 1 may change the last bits of a result"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to train; auto: on a GPU if there is one"
    )
    steps: int = Field(
        1_500, ge=1, le=1_000_000, description="steps of the optimiser for each member, at most"
    )
    batch: int = Field(256, ge=1, le=65_536, description="samples a step")
    learning_rate: Finite = Field(3e-3, description="of AdamW, at its highest")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="how the learning rate goes from there: down a cosine, or not at all"
    )
    warmup: Share = Field(0.15, description="share of the steps in which the rate rises")
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
        description="looks without a better validation loss after which a member has learned"
        " enough; 0: never",
    )
    weather_dropout: Share = Field(
        0.15,
        description="share of the samples trained without weather, and of those without the"
        " operator's forecast, so that the model can do without",
    )
    base_samples: int = Field(
        20_000,
        ge=100,
        description="samples that the linear base is fitted on, at most; spread evenly",
    )
    validation_samples: int = Field(
        2_000, ge=10, description="samples of the validation part looked at, at most"
    )
    calibrate: bool = Field(
        True, description="whether quantiles are moved so that they hold on the validation part"
    )
    calibration_samples: int = Field(
        4_000, ge=50, description="samples of the validation part they are moved by, at most"
    )


class SplitConfig(_Part):
    """The split into training, validation and test time. Each file is split by itself."""

    train: Share = Field(0.7, gt=0, description="share of the time to train on")
    validation: Share = Field(
        0.1, gt=0, description="share to stop and to calibrate by; the newest rest: to test"
    )
    stretches: int = Field(
        10,
        ge=1,
        description="stretches, of a week at least, that the validation is taken in, spread over"
        " the time before the test so that it knows all seasons; 1: the newest before the test",
    )
    samples_a_file: int = Field(
        0,
        ge=0,
        description="samples of one file that are learned from, at most, drawn at random, so that"
        " a large file does not drown a small one; 0: all",
    )

    @model_validator(mode="after")
    def _leaves_a_test(self) -> Self:
        if self.train + self.validation > 0.95:
            raise ValueError("train and validation leave less than 0.05 of the time to test")
        return self


class EvaluationConfig(_Part):
    """The evaluation of the result."""

    levels: tuple[Level, ...] = Field(
        (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        min_length=1,
        description="probabilities of the quantiles that are forecast, rising",
    )
    every_hours: int = Field(1, ge=1, le=168, description="from one test origin to the next, hours")
    most_samples: int = Field(
        20_000,
        ge=50,
        description="test (and validation) samples at most; more are thinned out evenly",
    )
    effect_of_lam: bool = Field(
        True, description="whether the effect of lam is measured, by a cheap proxy"
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


def _forwards(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError("from is more than to")
    return span


Whole = Annotated[tuple[int, int], AfterValidator(_forwards)]
Span = Annotated[tuple[Finite, Finite], AfterValidator(_forwards)]


class Search(_Part):
    """The search space of `gridcast tune`: ranges, or lists of choices."""

    names: tuple[str, ...] = Field((), description="network.name, one of; []: as it is")
    hidden: Whole = Field((32, 128), description="network.hidden, from and to, by its logarithm")
    layers: Whole = Field((1, 2), description="network.layers, from and to")
    dropout: Annotated[tuple[Share, Share], AfterValidator(_forwards)] = Field(
        (0.0, 0.4), description="network.dropout, from and to"
    )
    learning_rate: Span = Field(
        (1e-3, 1e-2), description="training.learning_rate, from and to, by its logarithm"
    )
    weight_decay: Span = Field(
        (1e-3, 1e-1), description="training.weight_decay, from and to, by its logarithm"
    )
    batch: tuple[int, ...] = Field(
        (128, 256, 512), description="training.batch, one of; []: as it is"
    )
    ema: tuple[Share, ...] = Field((), description="training.ema, one of; []: as it is")
    weather_dropout: tuple[Share, ...] = Field(
        (), description="training.weather_dropout, one of; []: as it is"
    )


class Config(_Part):
    """The whole configuration."""

    features: Features = Features()
    network: NetworkConfig = NetworkConfig()
    training: Training = Training()
    split: SplitConfig = SplitConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    search: Search = Search()


def load_config(path: Path | None) -> Config:
    """Load a config file. Raise a :class:`UserError` of one line if it is invalid."""
    if path is None:
        return Config()
    try:
        return parse_config(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        raise UserError(f"the config file {path} is not there") from None
    except OSError as error:
        raise UserError(f"the config file {path} cannot be read: {error}") from None


def parse_config(text: str, where: str) -> Config:
    """Parse the text of a config file."""
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
    messages = [str(error["msg"]) for error in every if error["loc"][:2] == first["loc"][:2]]
    message = " or: ".join(text.removeprefix("Value error, ") for text in dict.fromkeys(messages))
    given = first["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float | list) else ""
    return f"{place}: {message}{shown}"


def write_config(config: Config) -> str:
    """Return a config as TOML, each key under a comment that explains it."""
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
    """Return a value as TOML. JSON's strings, numbers, booleans and lists are valid TOML."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
