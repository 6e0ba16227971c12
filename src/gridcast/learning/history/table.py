"""Columns of a CSV or Parquet file as numpy arrays. Errors name the row and column."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gridcast.learning.history.mapping import CARRIED, Csv, Time
from gridcast.schemas.fields import EARLIEST, LATEST
from gridcast.stream.errors import UserError

_MILLISECONDS = pa.timestamp("ms")
_UTC_MILLISECONDS = pa.timestamp("ms", "UTC")
_EPOCH_FORMATS = {"epoch_s": 1000, "epoch_ms": 1}
_CARRIES_OFFSET = r":\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$"
_FIRST_MS, _LAST_MS = (round(bound.timestamp() * 1000) for bound in (EARLIEST, LATEST))


@dataclass(frozen=True)
class Times:
    """A column of times."""

    milliseconds: NDArray[np.int64]
    instants: bool
    """True if the times are UTC, False if they are local wall-clock times."""


@dataclass(frozen=True)
class FileTable:
    """Some columns of a file."""

    file: str
    names: list[str]
    """All columns of the file, read or not."""
    data: pa.Table
    missing: Sequence[str | float]
    decimal: str

    def place(self, column: str, row: int) -> str:
        """Return a position as text. Rows count from 1, without the header line."""
        return f"column {column}, row {row + 1}"

    def error(self, column: str, row: int, what: str) -> UserError:
        """Return the error for one invalid value."""
        return UserError(f"{self.file}, {self.place(column, row)}: {what}")

    def numbers(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return numbers, and which are missing. NaN and infinity in the file are not missing."""
        data = self._column(column)
        if pa.types.is_string(data.type):
            data = self._parsed_numbers(column, data)
        elif not _is_number(data.type):
            raise UserError(f"{self.file}, column {column}: holds {data.type}, not numbers")
        missing = data.is_null().to_numpy(zero_copy_only=False)
        values = np.asarray(data.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        for marker in self.missing:
            if _number(marker) is not None:
                number = float(marker)
                missing = missing | (np.isnan(values) if np.isnan(number) else values == number)
        return np.where(missing, np.nan, values) + 0.0, missing

    def names_of(self, column: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return a column of names as codes, and the names."""
        data = self._column(column).cast(pa.string())
        self._refuse_nulls(column, data, "no series is named")
        coded = data.dictionary_encode()
        return np.asarray(coded.indices.to_numpy(), np.int32), coded.dictionary.to_pylist()

    def times(self, how: Time) -> Times:
        """Return the column of times, or several columns joined."""
        column = " + ".join(how.columns)
        parts = [self._column(name) for name in how.columns]
        if len(parts) > 1:
            text = [part.cast(pa.string()) for part in parts]
            data = pc.binary_join_element_wise(*text, " ")
        else:
            data = parts[0]
        if pa.types.is_string(data.type):
            data = pc.utf8_trim_whitespace(data)
            data = pc.if_else(pc.equal(data, ""), pa.scalar(None, pa.string()), data)
        self._refuse_nulls(column, data, "there is no time")
        data = self._parsed_times(column, data, how)
        values = np.asarray(data.cast(pa.int64()).to_numpy(), np.int64)
        outside = np.flatnonzero((values < _FIRST_MS) | (values >= _LAST_MS))
        if len(outside):
            raise self.error(column, int(outside[0]), "a time is from 1970 to 2199")
        return Times(values, instants=data.type.tz is not None or how.zone == "UTC")

    def _column(self, name: str) -> Any:
        data = self.data[name].combine_chunks()
        if isinstance(data, pa.ChunkedArray):  # of no chunk at all
            data = pa.array([], data.type)
        if pa.types.is_dictionary(data.type):
            data = data.dictionary_decode()
        return data.cast(pa.string()) if pa.types.is_large_string(data.type) else data

    def _refuse_nulls(self, column: str, data: Any, what: str) -> None:
        if data.null_count:
            row = int(np.argmax(data.is_null().to_numpy(zero_copy_only=False)))
            raise self.error(column, row, what)

    def _parsed_numbers(self, column: str, text: Any) -> Any:
        text = pc.utf8_trim_whitespace(text)
        markers = pa.array(["", *map(str, self.missing)], pa.string())
        text = pc.if_else(pc.is_in(text, value_set=markers), pa.scalar(None, pa.string()), text)
        if self.decimal != ".":
            text = pc.replace_substring(text, self.decimal, ".")
        return self._converted(column, text, lambda part: part.cast(pa.float64()), "a number")

    def _parsed_times(self, column: str, data: Any, how: Time) -> Any:
        if pa.types.is_timestamp(data.type) or pa.types.is_date(data.type):
            self._check_carried(column, how, carried=getattr(data.type, "tz", None) is not None)
            kind = _UTC_MILLISECONDS if getattr(data.type, "tz", None) else _MILLISECONDS
            return data.cast(kind, safe=False)
        if how.format in _EPOCH_FORMATS:
            if how.zone != "UTC":
                raise UserError(f"{self.file}, column {column}: {how.format} is UTC (time.zone)")
            seconds = self._converted(
                column, data, lambda part: part.cast(pa.int64()), "a whole number"
            )
            return pc.multiply(seconds, _EPOCH_FORMATS[how.format]).cast(_UTC_MILLISECONDS)
        if not pa.types.is_string(data.type):
            raise UserError(
                f"{self.file}, column {column}: holds {data.type}, not times"
                ' (numbers since 1970: time.format = "epoch_s" or "epoch_ms")'
            )
        return self._parsed_text_times(column, data, how)

    def _parsed_text_times(self, column: str, data: Any, how: Time) -> Any:
        if how.format != "iso":
            carried = "%z" in how.format
            self._check_carried(column, how, carried=carried)

            def parse(part: Any) -> Any:
                return pc.strptime(part, format=how.format, unit="ms", error_is_null=False)

            parsed = self._converted(column, data, parse, f"a time of the form {how.format}")
            return parsed.cast(_UTC_MILLISECONDS if carried else _MILLISECONDS)
        carried = len(data) > 0 and bool(
            pc.match_substring_regex(data[:1], _CARRIES_OFFSET)[0].as_py()
        )
        self._check_carried(column, how, carried=carried)
        # Read to the nanosecond, as fractions of nine digits are found in files, and then cut off.
        kind = pa.timestamp("ns", "UTC" if carried else None)
        wanted = "a time with an offset" if carried else "a time without an offset"
        parsed = self._converted(column, data, lambda part: part.cast(kind), f"{wanted} (ISO 8601)")
        return parsed.cast(_UTC_MILLISECONDS if carried else _MILLISECONDS, safe=False)

    def _check_carried(self, column: str, how: Time, *, carried: bool) -> None:
        if carried and how.zone not in {CARRIED, "UTC"}:
            raise UserError(
                f"{self.file}, column {column}: the times carry their own offset, yet time.zone is"
                f' {how.zone!r} (say "{CARRIED}")'
            )
        if not carried and how.zone == CARRIED:
            raise UserError(
                f"{self.file}, column {column}: the times carry no offset, as time.zone says"
            )

    def _converted(self, column: str, data: Any, convert: Callable[[Any], Any], wanted: str) -> Any:
        try:
            return convert(data)
        except pa.ArrowException:
            row = _first_failing(data, convert)
            raise self.error(column, row, f"{data[row].as_py()!r} is not {wanted}") from None


def read_table(
    path: Path, columns: Sequence[str], csv: Csv, missing: Sequence[str | float]
) -> FileTable:
    """Read the given columns. The file's first bytes determine its format."""
    wanted = list(dict.fromkeys(columns))
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        names = pq.read_schema(path).names if is_parquet else _csv_names(path, csv)
        _check_columns(path, names, wanted)
        data = pq.read_table(path, columns=wanted) if is_parquet else _csv(path, csv, wanted)
    except FileNotFoundError:
        raise UserError(f"the history file {path} is not there") from None
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}") from None
    if data.num_rows == 0:
        raise UserError(f"{path}: holds no rows")
    return FileTable(str(path), names, data, missing, csv.decimal)


def _csv_options(csv: Csv) -> dict[str, Any]:
    return {
        "read_options": pa_csv.ReadOptions(encoding=csv.encoding, skip_rows=csv.skip_lines),
        "parse_options": pa_csv.ParseOptions(delimiter=csv.delimiter),
    }


def _csv_names(path: Path, csv: Csv) -> list[str]:
    with pa_csv.open_csv(path, **_csv_options(csv)) as reader:
        return list(reader.schema.names)


def _csv(path: Path, csv: Csv, wanted: list[str]) -> pa.Table:
    # All as text: what it stands for is told by the mapping, and a bad value by its row.
    convert = pa_csv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.string()),
        strings_can_be_null=False,
    )
    return pa_csv.read_csv(path, convert_options=convert, **_csv_options(csv))


def _check_columns(path: Path, names: list[str], wanted: list[str]) -> None:
    for column in wanted:
        if column not in names:
            folded = {name.casefold(): name for name in names}
            close = difflib.get_close_matches(column.casefold(), folded, 1)
            hint = f"; {folded[close[0]]!r} is" if close else f"; it has {', '.join(names[:20])}"
            raise UserError(f"{path}: column {column!r} is not there{hint}")
        if names.count(column) > 1:
            raise UserError(f"{path}: column {column!r} is there {names.count(column)} times")


def _first_failing(data: Any, convert: Callable[[Any], Any]) -> int:
    """Find the first value that cannot be converted, by bisection."""
    low, high = 0, len(data)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(data[low:middle])
        except pa.ArrowException:
            high = middle
        else:
            low = middle
    return low


def _is_number(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def _number(marker: str | float) -> float | None:
    try:
        return float(marker)
    except ValueError:
        return None
