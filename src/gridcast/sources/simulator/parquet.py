"""A Parquet file that grows chunk by chunk."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP_ROWS = 500_000  # small row groups compress badly and are slow to read


class ParquetFile:
    """A writer that gathers tables into row groups of a good size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        """Append a table of the file's schema."""
        self._waiting.append(table)
        if sum(len(table) for table in self._waiting) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Flush, and write the footer, without which the file cannot be read."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
            self._writer.write_table(table, row_group_size=2 * _GROUP_ROWS)
            self._waiting = []
