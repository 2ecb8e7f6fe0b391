"""`tf.io.decode_csv` and `tf.data.experimental.CsvDataset`: lines of fields as columns of known kinds."""

from __future__ import annotations

import csv
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from gradmill import errors
from gradmill.data import Dataset
from gradmill.data.csv_fields import Field
from gradmill.data.elements import to_tensors
from gradmill.tensorflow.records import paths_of
from gradmill.utils.record_file import open_records
from gradmill.utils.text_values import as_text, text_of


def _values(who: str, row: list, columns: list, na_value: str, chosen: Optional[Sequence[int]], line: int) -> list:
    """Return the wanted fields of a line as values."""
    places = range(len(columns)) if chosen is None else chosen
    if len(columns) != len(places) or (chosen is None and len(row) != len(columns)) or max(places) >= len(row):
        wanted = len(columns) if chosen is None else f"columns {list(chosen)} of {len(columns)} defaults among its"
        raise errors.ArgumentError(f"{who}: line {line} is to have {wanted} fields; received {len(row)}")
    return [
        column.value(row[place], na_value, f"{who}: field {place} of line {line}")
        for column, place in zip(columns, places)
    ]


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Any = None,
    name: Any = None,
) -> list:
    """`tf.io.decode_csv`: the columns of lines of text.

    Args:
        records: one line, or an array of lines.
        record_defaults: a number, a string or a dtype for each column: its kind, and unless it is a dtype what empty
            fields become.
        field_delim: between fields.
        use_quote_delim: whether quoted fields may hold it.
        na_value: text that counts as empty.
        select_cols: numbers of the columns wanted; default all.
        name: not used.

    Raises:
        ArgumentError: a line has another number of fields, a field is no number, or an empty one has no default.
    """
    lines = np.asarray(as_text(records), object)
    columns = [Field(each) for each in record_defaults]
    rows = [
        _values("decode_csv", row, columns, na_value, select_cols, number)
        for number, row in enumerate(_rows(map(text_of, lines.ravel()), field_delim, use_quote_delim))
    ]
    results = []
    for column, values in zip(columns, zip(*rows)):
        array = column.array(list(values))
        results.append(to_tensors(array.reshape(lines.shape) if lines.ndim else array[0]))
    return results


def _rows(lines: Any, field_delim: str, use_quote_delim: bool) -> Iterator[list]:
    return csv.reader(lines, delimiter=field_delim, quoting=csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE)


def CsvDataset(  # noqa: N802 - a class there
    filenames: Any,
    record_defaults: Any,
    compression_type: Optional[str] = None,
    buffer_size: Any = None,
    header: bool = False,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Any = None,
    exclude_cols: Any = None,
) -> Dataset:
    """`tf.data.experimental.CsvDataset`: the rows of files as tuples of single values.

    Args:
        filenames: one file or several.
        record_defaults: a number, a string or a dtype for each wanted column, as in `tf.io.decode_csv`.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: accepted.
        header: whether each file begins with a line that is no row.
        field_delim, use_quote_delim, na_value: as in `tf.io.decode_csv`.
        select_cols: numbers of the columns wanted; default all.
        exclude_cols: numbers of those that are not, instead.

    Raises:
        ArgumentError: both kinds of columns; a row that does not fit raises in its turn.
    """
    who = "CsvDataset"
    if select_cols is not None and exclude_cols is not None:
        raise errors.ArgumentError(f"{who}: expected select_cols or exclude_cols; received both")
    columns = [Field(each) for each in record_defaults]

    def read() -> Iterator[tuple]:
        for path in paths_of(filenames):
            with open_records(path, "rb", compression_type or "") as file:
                lines = (line.decode("utf-8") for line in file)
                for number, row in enumerate(_rows(lines, field_delim, use_quote_delim)):
                    if not row or (header and number == 0):
                        continue
                    chosen = select_cols
                    if exclude_cols is not None:
                        chosen = [place for place in range(len(row)) if place not in exclude_cols]
                    yield tuple(_values(f"{who}: {path}", row, columns, na_value, chosen, number))

    dtypes = tuple(column.dtype for column in columns)
    return Dataset.from_generator(read, output_types=dtypes, output_shapes=((),) * len(dtypes))
