"""Data sets of tables in CSV files."""

from __future__ import annotations

import csv
import glob
import io
from typing import Any, Optional

import numpy as np

from gradmill import errors
from gradmill.data.csv_fields import Field
from gradmill.data.dataset import Dataset
from gradmill.data.stages import check_count
from gradmill.data.threads import AUTOTUNE
from gradmill.utils.record_file import open_records

_WHO = "make_csv_dataset"


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Optional[list[str]] = None,
    column_defaults: Optional[list] = None,
    label_name: Optional[str] = None,
    select_columns: Optional[list] = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: Optional[int] = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: Optional[int] = None,
    prefetch_buffer_size: Any = AUTOTUNE,
    num_parallel_reads: Any = None,
    sloppy: bool = False,
    num_rows_for_inference: Any = None,
    compression_type: Optional[str] = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Return a data set of batches of the rows of CSV files, as dicts by column.

    A column is int32 or int64 if all its fields are whole numbers, float32 if all are numbers, text otherwise.

    Args:
        file_pattern: path, pattern with `*` and `?`, or a list of them; all files have the same columns.
        batch_size: rows of a batch.
        column_names: names of the columns; default: the first line of the first file.
        column_defaults: for each wanted column a dtype, or a number or text that empty fields become, whose dtype it
            gets; default: the dtypes follow from all rows.
        label_name: column that becomes the label; elements are then `(columns, label)`.
        select_columns: names or numbers of the columns that are wanted, the label included; default all.
        field_delim: character between fields.
        use_quote_delim: whether quoted fields may hold it.
        na_value: field that means "nothing", as an empty one does: 0, or empty text.
        header: whether each file begins with a line of names.
        num_epochs: passes, default endless.
        shuffle: whether rows come in random order.
        shuffle_buffer_size: size of the buffer they are drawn from.
        shuffle_seed: seed of that order.
        prefetch_buffer_size: batches that are made ahead.
        num_parallel_reads, sloppy, num_rows_for_inference: accepted; all rows are read at the beginning.
        compression_type: "GZIP" or "ZLIB" for packed files.
        ignore_errors: leave out rows with another number of fields, and those that do not fit `column_defaults`.
        encoding: of the files.

    Returns:
        `Dataset`.

    Raises:
        ArgumentError: no file, no row, a row with another number of fields (file and line are named), or a column that
            does not exist; a field that `column_defaults` do not allow.

    Reference: TensorFlow 2, `tf.data.experimental.make_csv_dataset` (2023).

    Example:
        >>> import pathlib, gradmill as gm
        >>> _ = pathlib.Path("points.csv").write_text("x,kind\\n1.5,a\\n2,b\\n")
        >>> data = gm.data.make_csv_dataset("points.csv", 2, label_name="kind", num_epochs=1, shuffle=False)
        >>> for columns, kind in data:
        ...     print(columns["x"].numpy().tolist(), kind.tolist())
        [1.5, 2.0] [b'a', b'b']
    """
    size = check_count(_WHO, "batch_size", batch_size, 1)
    quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    names, rows = _read(
        _paths(file_pattern), column_names, header, compression_type, encoding, ignore_errors,
        delimiter=field_delim, quoting=quoting,
    )  # fmt: skip
    wanted = [each if isinstance(each, str) else names[each] for each in select_columns or names]
    for name in wanted + ([] if label_name is None else [label_name]):
        if name not in names or name not in wanted:
            raise errors.ArgumentError(
                f"{_WHO}: there is no column {name!r} among {wanted if name in names else names}"
            )
    places = [names.index(name) for name in wanted]
    if column_defaults is None:
        made = [_to_column([row[place] for row in rows], na_value) for place in places]
    else:
        made = _with_defaults(rows, places, wanted, list(column_defaults), na_value, ignore_errors)
    columns = dict(zip(wanted, made))
    label = None if label_name is None else columns.pop(label_name)
    dataset = Dataset.from_tensor_slices(columns if label is None else (columns, label))
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, seed=shuffle_seed)
    return dataset.repeat(num_epochs).batch(size).prefetch(prefetch_buffer_size)


def _paths(pattern: Any) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str) or not hasattr(pattern, "__len__") else list(pattern)
    paths = sorted({path for each in patterns for path in glob.glob(str(each))})
    if not paths:
        raise errors.ArgumentError(f"{_WHO}: no file matches {patterns}")
    return paths


def _read(
    paths: list[str],
    names: Optional[list[str]],
    header: bool,
    compression: Optional[str],
    encoding: str,
    ignore_errors: bool,
    **form: Any,
) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and all rows; `form` is that of the lines."""
    rows: list[list[str]] = []
    for path in paths:
        with open_records(path, "rb", compression or "") as file:
            text = file.read().decode(encoding).removeprefix("\ufeff")
            reader = csv.reader(io.StringIO(text, newline=""), **form)
            first = next(reader, None) if header else None
            if names is None:
                if first is None:
                    raise errors.ArgumentError(f"{_WHO}: {path} has no line of names; give column_names")
                names = first
            for row in reader:
                if len(row) != len(names) and row and not ignore_errors:
                    raise errors.ArgumentError(
                        f"{_WHO}: {path}, line {reader.line_num}: expected {len(names)} fields; received {len(row)}"
                    )
                if len(row) == len(names):
                    rows.append(row)
    if names is None or not rows:
        raise errors.ArgumentError(f"{_WHO}: no rows in {paths}")
    return list(names), rows


def _with_defaults(
    rows: list[list[str]], places: list[int], names: list[str], defaults: list, na_value: str, ignore_errors: bool
) -> list[np.ndarray]:
    """Return columns of the kinds that defaults have, of those rows that fit them."""
    if len(defaults) != len(places):
        raise errors.ArgumentError(
            f"{_WHO}: expected one of column_defaults for each of {len(places)} columns; received {len(defaults)}"
        )
    columns = [Field(each) for each in defaults]
    kept: list[list] = []
    for row in rows:
        try:
            kept.append([
                column.value(row[place], na_value, f"{_WHO}: a field of column {name!r}")
                for column, place, name in zip(columns, places, names)
            ])  # fmt: skip
        except errors.ArgumentError:
            if not ignore_errors:
                raise
    return [column.array(list(values)) for column, values in zip(columns, zip(*kept))]


def _to_column(fields: list[str], na_value: str) -> np.ndarray:
    """Return fields as numbers where all of them are, else as text."""
    missing = ("", na_value)
    given = [field for field in fields if field not in missing]
    for kind, dtype in ((int, np.int64), (float, np.float32)):
        try:
            numbers = np.array([0 if field in missing else kind(field) for field in fields], dtype)
        except (ValueError, OverflowError):
            continue
        if not given:
            break
        fits = dtype is np.int64 and abs(numbers).max() < 2**31
        return numbers.astype(np.int32) if fits else numbers
    texts = np.empty(len(fields), object)
    texts[:] = [b"" if field in missing else field.encode() for field in fields]
    return texts
