"""Solar position and irradiance, from textbook formulas.

References: Duffie and Beckman, Solar Engineering of Thermal Processes, chapter 1 (declination,
hour angle, incidence); Haurwitz 1945 (clear sky); Kasten and Czeplak 1980 (cloud).
"""

import numpy as np

from gridcast.models.simulator.types import Floats, Ints
from gridcast.units import DAY_MS, HOUR_MS

_TILT = np.radians(30.0)
_AZIMUTHS = np.radians(np.array([-80.0, 0.0, 80.0]))  # roofs to the east, the equator, the west


def elevation_sine(time_ms: Ints, latitude: float, longitude: float) -> Floats:
    """Return the sine of the sun's elevation; below 0 it is night."""
    declination, hour, phi = _angles(time_ms, latitude, longitude)
    polar, equatorial = np.sin(phi) * np.sin(declination), np.cos(phi) * np.cos(declination)
    sine: Floats = polar + equatorial * np.cos(hour)
    return sine


def clear_sky_wm2(sine: Floats) -> Floats:
    """Return the global irradiance on level ground under a clear sky (Haurwitz)."""
    up = np.maximum(sine, 1e-3)
    return np.where(sine > 0, 1098.0 * up * np.exp(-0.057 / up), 0.0)


def through_cloud(cover: Floats) -> Floats:
    """Return the share of clear-sky irradiance that passes a cloud cover of 0 to 1."""
    return 1.0 - 0.75 * cover**3.4


def roofs_wm2(time_ms: Ints, latitude: float, longitude: float) -> Floats:
    """Return the clear-sky irradiance on roofs facing east, the equator and west: [3, times]."""
    declination, hour, phi = _angles(time_ms, latitude, longitude)
    sine = elevation_sine(time_ms, latitude, longitude)
    east = -np.cos(declination) * np.sin(hour)
    equator = np.sign(latitude) * (
        np.sin(phi) * np.cos(declination) * np.cos(hour) - np.cos(phi) * np.sin(declination)
    )
    toward = np.cos(_AZIMUTHS)[:, None] * equator - np.sin(_AZIMUTHS)[:, None] * east
    incidence = np.cos(_TILT) * sine + np.sin(_TILT) * toward
    sky = clear_sky_wm2(sine)
    direct = np.maximum(incidence, 0.0) * np.minimum(sky / np.maximum(sine, 0.05), 1000.0)
    return np.where(sine > 0, 0.85 * direct + 0.15 * sky, 0.0)


def _angles(time_ms: Ints, latitude: float, longitude: float) -> tuple[Floats, Floats, float]:
    """Return declination, hour angle and latitude, in radians."""
    year = 2 * np.pi * ((time_ms / DAY_MS) % 365.2425) / 365.2425
    declination = np.radians(-23.44) * np.cos(year + 2 * np.pi * 10 / 365.2425)
    spring = year - 2 * np.pi * 81 / 365.2425
    equation_h = (9.87 * np.sin(2 * spring) - 7.53 * np.cos(spring) - 1.5 * np.sin(spring)) / 60
    solar_h = (time_ms / HOUR_MS) % 24 + longitude / 15 + equation_h
    return declination, np.radians(15.0) * (solar_h - 12.0), float(np.radians(latitude))
