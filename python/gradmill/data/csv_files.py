"""Data sets of tables in CSV files."""

from __future__ import annotations

import csv
import glob
from typing import Any, Optional

import numpy as np

from gradmill import errors
from gradmill.data.dataset import Dataset
from gradmill.data.stages import check_count
from gradmill.data.threads import AUTOTUNE

_WHO = "make_csv_dataset"


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Optional[list[str]] = None,
    label_name: Optional[str] = None,
    select_columns: Optional[list[str]] = None,
    field_delim: str = ",",
    na_value: str = "",
    header: bool = True,
    num_epochs: Optional[int] = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: Optional[int] = None,
) -> Dataset:
    """Return a data set of batches of the rows of CSV files, as dicts by column.

    A column is int32 or int64 if all its fields are whole numbers, float32 if all are numbers, text otherwise.

    Args:
        file_pattern: path, pattern with `*` and `?`, or a list of them; all files have the same columns.
        batch_size: rows of a batch.
        column_names: names of the columns; default: the first line of the first file.
        label_name: column that becomes the label; elements are then `(columns, label)`.
        select_columns: columns that are wanted, the label included; default all.
        field_delim: character between fields.
        na_value: field that means "nothing": 0, or empty text.
        header: whether each file begins with a line of names.
        num_epochs: passes, default endless.
        shuffle: whether rows come in random order.
        shuffle_buffer_size: size of the buffer they are drawn from.
        shuffle_seed: seed of that order.

    Returns:
        `Dataset`.

    Raises:
        ArgumentError: no file, no row, a row with another number of fields (file and line are named), or a column that
            does not exist.

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
    names, rows = _read(file_pattern, column_names, field_delim, header)
    wanted = names if select_columns is None else list(select_columns)
    for name in wanted + ([] if label_name is None else [label_name]):
        if name not in names or name not in wanted:
            raise errors.ArgumentError(
                f"{_WHO}: there is no column {name!r} among {wanted if name in names else names}"
            )
    columns = {name: _to_column([row[names.index(name)] for row in rows], na_value) for name in wanted}
    label = None if label_name is None else columns.pop(label_name)
    dataset = Dataset.from_tensor_slices(columns if label is None else (columns, label))
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, seed=shuffle_seed)
    return dataset.repeat(num_epochs).batch(size).prefetch(AUTOTUNE)


def _read(pattern: Any, names: Optional[list[str]], delimiter: str, header: bool) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and all rows."""
    patterns = [pattern] if isinstance(pattern, str) or not hasattr(pattern, "__len__") else list(pattern)
    paths = sorted({path for each in patterns for path in glob.glob(str(each))})
    if not paths:
        raise errors.ArgumentError(f"{_WHO}: no file matches {patterns}")
    rows: list[list[str]] = []
    for path in paths:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=delimiter)
            first = next(reader, None) if header else None
            if names is None:
                if first is None:
                    raise errors.ArgumentError(f"{_WHO}: {path} has no line of names; give column_names")
                names = first
            for row in reader:
                if len(row) != len(names) and row:
                    raise errors.ArgumentError(
                        f"{_WHO}: {path}, line {reader.line_num}: expected {len(names)} fields; received {len(row)}"
                    )
                if row:
                    rows.append(row)
    if names is None or not rows:
        raise errors.ArgumentError(f"{_WHO}: no rows in {paths}")
    return list(names), rows


def _to_column(fields: list[str], na_value: str) -> np.ndarray:
    """Return fields as numbers where all of them are, else as text."""
    given = [field for field in fields if field != na_value]
    for kind, dtype in ((int, np.int64), (float, np.float32)):
        try:
            numbers = np.array([kind(field) if field != na_value else 0 for field in fields], dtype)
        except (ValueError, OverflowError):
            continue
        if not given:
            break
        fits = dtype is np.int64 and abs(numbers).max() < 2**31
        return numbers.astype(np.int32) if fits else numbers
    texts = np.empty(len(fields), object)
    texts[:] = [b"" if field == na_value else field.encode() for field in fields]
    return texts
