"""The units of history files, and their conversion to the units of the wire."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast, get_args

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from gridcast.schemas.weather import VARIABLES, WeatherObservation

LoadUnit = Literal["W", "kW", "MW", "GW", "Wh", "kWh", "MWh", "GWh"]

_PREFIX = {"": 1e-3, "k": 1.0, "M": 1e3, "G": 1e6}


def is_energy(unit: LoadUnit) -> bool:
    """Return True if a value is the energy of a slot, not its power."""
    return unit.endswith("h")


def kilowatts_per(unit: LoadUnit, step_minutes: float | None) -> float:
    """Return the factor to kW. The energy of a slot becomes its mean power.

    >>> kilowatts_per("MW", None), kilowatts_per("kWh", 15)
    (1000.0, 4.0)
    """
    factor = _PREFIX[unit.removesuffix("h").removesuffix("W")]
    if not is_energy(unit):
        return factor
    if step_minutes is None:
        raise ValueError("energy is power only given the step")
    return factor * 60 / step_minutes


class Linear(NamedTuple):
    """A unit in terms of the wire's: ``wire = value * factor + offset``."""

    factor: float
    offset: float = 0.0


_SHARE = {"%": Linear(1), "fraction": Linear(100)}

WEATHER_UNITS: Mapping[str, Mapping[str, Linear]] = {
    "temperature_c": {"C": Linear(1), "K": Linear(1, -273.15), "F": Linear(5 / 9, -160 / 9)},
    "humidity_pct": _SHARE,
    "wind_ms": {
        "m/s": Linear(1),
        "km/h": Linear(1 / 3.6),
        "mph": Linear(0.44704),
        "kn": Linear(1852 / 3600),
    },
    "cloud_pct": {**_SHARE, "okta": Linear(12.5)},
    "irradiance_wm2": {
        "W/m2": Linear(1),
        "kW/m2": Linear(1000),
        # Weather models give the energy of the hour.
        "J/m2/h": Linear(1 / 3600),
        "kJ/m2/h": Linear(1 / 3.6),
    },
    "pressure_hpa": {
        "hPa": Linear(1),
        "mbar": Linear(1),
        "Pa": Linear(0.01),
        "kPa": Linear(10),
        "mmHg": Linear(1.333224),
    },
}
"""Units by variable, the wire's own unit first."""


def _bounds(variable: str) -> tuple[float, float]:
    """Return the bounds of the wire's field."""
    number, _ = get_args(WeatherObservation.model_fields[variable].annotation)
    constraints = [
        constraint
        for field in number.__metadata__
        if isinstance(field, FieldInfo)
        for constraint in field.metadata
    ]
    return (
        next(cast("float", bound.ge) for bound in constraints if isinstance(bound, Ge)),
        next(cast("float", bound.le) for bound in constraints if isinstance(bound, Le)),
    )


WEATHER_BOUNDS: Mapping[str, tuple[float, float]] = {name: _bounds(name) for name in VARIABLES}
"""Accepted range by variable, as on the wire."""
