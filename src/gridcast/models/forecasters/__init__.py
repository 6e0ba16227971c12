"""The rungs under the model: forecasters that need nothing but the window, so never fail to answer.

>>> import numpy as np
>>> from gridcast.models.forecasters import Fallbacks, Why
>>> hours = np.arange(8 * 24)
>>> mean = (10 + 5 * np.sin(hours / 24 * 2 * np.pi))[:, None].astype(np.float32)
>>> mark = np.full(mean.shape, 255, np.uint8)
>>> answer = Fallbacks(day=24, horizon=24, levels=(0.05, 0.5, 0.95)).forecast(mean, mark, lower=0)
>>> answer.quantiles.shape
(1, 3, 24)
>>> float(answer.quantiles[0, 1, 6].round(3)), Why(answer.why[0]).rung.value
(15.0, 'seasonal-profile')
"""

from gridcast.models.forecasters.fallbacks import FallbackForecast, Fallbacks, Why

__all__ = ["FallbackForecast", "Fallbacks", "Why"]
