"""Weather as of: what was known at a tick of what the weather was and would be, by station.

>>> from datetime import UTC, datetime, timedelta
>>> from gridcast.schemas import WeatherObservation
>>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
>>> weather = Weather(step_ms=3_600_000, past_ms=86_400_000)
>>> for hour, degrees in enumerate((1.0, 2.0, 4.0)):
...     time = noon + timedelta(hours=hour)
...     known = time + timedelta(minutes=10)
...     weather.observe(
...         WeatherObservation(station="s", time=time, available_at=known, temperature_c=degrees)
...     )
>>> at_two = round(noon.timestamp() * 1000) + 2 * 3_600_000
>>> weather.as_of(at_two, at_two - 2 * 3_600_000, 2).values[0, :, 0]
array([1.5, nan], dtype=float32)
>>> weather.as_of(at_two + 600_000, at_two - 2 * 3_600_000, 2).values[0, :, 0]
array([1.5, 3. ], dtype=float32)
"""

from gridcast.models.weather.as_of import NOT_KNOWN, WeatherAsOf
from gridcast.models.weather.at_tick import WeatherAtTick
from gridcast.models.weather.weather import Weather

__all__ = ["NOT_KNOWN", "Weather", "WeatherAsOf", "WeatherAtTick"]
