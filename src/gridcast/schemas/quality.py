"""Quality codes of readings."""

from enum import IntEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from gridcast.schemas.fields import refuse
from gridcast.schemas.reasons import Reason


class Quality(IntEnum):
    """Quality codes of ESPI (NAESB REQ.21, `QualityOfReading`).

    IEEE 2030.5 names the same properties as bits of `qualityFlags`: :meth:`from_ieee_2030_5`
    translates.
    """

    VALID = 0
    MANUALLY_EDITED = 7
    ESTIMATED_REFERENCE_DAY = 8
    ESTIMATED_LINEAR = 9
    QUESTIONABLE = 10
    DERIVED = 11
    PROJECTED = 12
    MIXED = 13
    RAW = 14
    NORMALIZED_WEATHER = 15
    OTHER = 16
    VALIDATED = 17
    VERIFIED = 18
    REVENUE = 19

    @classmethod
    def from_ieee_2030_5(cls, flags: int) -> "Quality":
        """Translate `qualityFlags` (IEEE 2030.5-2018, `ReadingBase`): the gravest bit set decides.

        >>> Quality.from_ieee_2030_5(0b001), Quality.from_ieee_2030_5(0b10001)
        (<Quality.VALID: 0>, <Quality.QUESTIONABLE: 10>)
        """
        gravest_first = (
            (4, cls.QUESTIONABLE),
            (6, cls.PROJECTED),
            (3, cls.ESTIMATED_LINEAR),
            (2, cls.ESTIMATED_REFERENCE_DAY),
            (5, cls.DERIVED),
            (1, cls.MANUALLY_EDITED),
            (0, cls.VALID),
        )
        return next((code for bit, code in gravest_first if flags >> bit & 1), cls.RAW)


_CODES = {int(code): code for code in Quality}


def _read_quality(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(Reason.WRONG_TYPE, f"a quality code is a whole number, not {value!a:.40}")
    if value not in _CODES:
        raise refuse(Reason.UNKNOWN_QUALITY, f"ESPI has no quality code {value}")
    return _CODES[value]


QualityCode = Annotated[Quality, BeforeValidator(_read_quality)]
