"""Customer types: daily load shapes, consumption, appliances."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from gridcast.models.simulator.types import Floats


@dataclass(frozen=True, slots=True)
class Customer:
    """One type of customer. Shapes are hourly and relative to the mean of a workday."""

    name: str
    share: float  # of all meters
    base_kw: float  # median over meters of the mean of a workday
    spread: float  # of base_kw over meters, as the sigma of a log-normal
    standing: tuple[float, float]  # share of the base load, range over meters
    workday: tuple[float, ...]
    saturday: tuple[float, ...]
    sunday: tuple[float, ...]  # and holidays
    restless: float  # size of the slow noise, relative
    appliances_h: float  # appliances switched on in an average hour
    appliance_kw: float  # mean power of one
    shift_h: float  # spread of habits between meters
    growth: float  # mean growth a year


# fmt: off
CUSTOMERS = (
    Customer(
        "household", 0.82, 0.22, 0.45, (0.25, 0.6),
        (.55, .47, .43, .42, .44, .56, .86, 1.14, 1.05, .92, .86, .88,
         .98, .93, .86, .87, .99, 1.26, 1.62, 1.80, 1.72, 1.50, 1.15, .78),
        (.65, .53, .46, .43, .43, .47, .60, .84, 1.08, 1.20, 1.22, 1.22,
         1.24, 1.16, 1.07, 1.04, 1.12, 1.35, 1.60, 1.70, 1.58, 1.38, 1.12, .85),
        (.68, .55, .47, .44, .43, .45, .53, .72, 1.00, 1.24, 1.34, 1.40,
         1.42, 1.27, 1.12, 1.08, 1.15, 1.38, 1.64, 1.74, 1.62, 1.38, 1.06, .76),
        0.30, 0.75, 1.7, 1.2, 0.008),
    Customer(
        "shop", 0.11, 3.0, 0.7, (0.4, 0.65),
        (.25, .24, .23, .23, .24, .30, .48, .80, 1.30, 1.60, 1.70, 1.75,
         1.75, 1.72, 1.70, 1.72, 1.75, 1.75, 1.65, 1.35, .95, .60, .38, .28),
        (.25, .24, .23, .23, .24, .29, .44, .72, 1.18, 1.52, 1.66, 1.72,
         1.72, 1.66, 1.60, 1.55, 1.45, 1.28, 1.05, .80, .58, .42, .32, .27),
        (.25, .24, .23, .23, .23, .25, .30, .38, .46, .52, .55, .56,
         .56, .55, .53, .52, .50, .47, .43, .38, .34, .31, .28, .26),
        0.10, 1.2, 1.6, 0.5, 0.004),
    Customer(
        "office", 0.03, 8.0, 0.6, (0.4, 0.6),
        (.38, .37, .36, .36, .38, .46, .70, 1.15, 1.58, 1.72, 1.76, 1.74,
         1.66, 1.70, 1.74, 1.70, 1.58, 1.30, .95, .72, .58, .50, .44, .40),
        (.38, .37, .36, .36, .36, .38, .42, .48, .54, .57, .58, .58,
         .56, .55, .54, .52, .50, .47, .44, .42, .41, .40, .39, .38),
        (.36, .36, .35, .35, .35, .36, .37, .39, .41, .42, .43, .43,
         .42, .42, .42, .41, .40, .40, .39, .38, .38, .37, .37, .36),
        0.06, 1.0, 3.0, 0.4, 0.002),
    Customer(
        "industry", 0.02, 32.0, 0.9, (0.5, 0.9),
        (.55, .54, .54, .55, .62, .86, 1.22, 1.40, 1.46, 1.48, 1.47, 1.42,
         1.30, 1.40, 1.42, 1.36, 1.24, 1.10, 1.02, .98, .94, .86, .70, .60),
        (.50, .49, .48, .48, .50, .56, .66, .74, .78, .80, .79, .75,
         .68, .62, .57, .54, .52, .50, .49, .48, .47, .46, .45, .44),
        (.42, .41, .41, .41, .41, .42, .42, .43, .44, .44, .44, .44,
         .44, .43, .43, .43, .43, .43, .43, .43, .44, .46, .48, .50),
        0.07, 3.0, 9.0, 0.4, 0.0),
    Customer(
        "street light", 0.02, 0.02, 0.3, (1.0, 1.0),
        (1.0,) * 24, (1.0,) * 24, (1.0,) * 24,
        0.0, 0.0, 0.0, 0.0, 0.0),
)
# fmt: on

HOUSEHOLD, SHOP, OFFICE, INDUSTRY, STREET_LIGHT = range(len(CUSTOMERS))
NAMES = tuple(customer.name for customer in CUSTOMERS)


def shapes() -> Floats:
    """Return the smooth shape of each customer, kind of day and local minute."""
    minute = np.arange(1440) / 60
    table = np.empty((len(CUSTOMERS), 3, 1440))
    for number, customer in enumerate(CUSTOMERS):
        for kind, hourly in enumerate((customer.workday, customer.saturday, customer.sunday)):
            closed = np.array([*hourly, hourly[0]])
            curve = CubicSpline(np.arange(25) + 0.5, closed, bc_type="periodic")
            table[number, kind] = curve(minute)
    return table


def activity() -> Floats:
    """Return the relative rate of appliance starts at each local minute, 1 at the peak."""
    table = shapes()
    table -= 0.4 * table.min(axis=(1, 2), keepdims=True)
    peak: Floats = table.max(axis=(1, 2), keepdims=True)
    return np.asarray(table / np.maximum(peak, 1e-9))
