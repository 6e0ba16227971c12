"""A CSV file that grows chunk by chunk. Times are RFC 3339 in UTC; null is an empty field."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv


class CsvFile:
    """A writer of tables as CSV."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        written = pa.schema(
            pa.field(field.name, pa.string() if _is_made_text(field) else field.type)
            for field in schema
        )
        options = csv.WriteOptions(quoting_style="needed")
        self._writer = csv.CSVWriter(path, written, write_options=options)

    def write(self, table: pa.Table) -> None:
        """Append a table of the file's schema."""
        for number, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                text = pc.strftime(table.column(number), format="%Y-%m-%dT%H:%M:%SZ")
                table = table.set_column(number, field.name, text)
            elif pa.types.is_dictionary(field.type):
                table = table.set_column(number, field.name, table.column(number).cast(pa.string()))
        self._writer.write_table(table)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


def _is_made_text(field: pa.Field) -> bool:
    return bool(pa.types.is_timestamp(field.type) or pa.types.is_dictionary(field.type))
