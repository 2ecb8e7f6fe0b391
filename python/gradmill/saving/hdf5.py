"""HDF5 files as groups, datasets and attributes.

Reading gives a whole file at once, as plain values; the file is parsed in a process of its own, so that a damaged or
hostile file can end in an error but not in a crash. Writing is atomic: a file appears under its name when
it is complete.

The library behind this is loaded when the first file is read or written, not by ``import gradmill``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import os
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Type, Union

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.utils.files import atomic_path

PathLike = Union[str, "os.PathLike[str]"]

# An object's header holds 64 KiB; this is the part of it that Keras gives to one attribute.
ATTRIBUTE_LIMIT = 64512
# What a text of variable length takes in a header.
_TEXT_REFERENCE_SIZE = 16


@functools.cache
def _library() -> Any:
    return importlib.import_module("gradmill._hdf5")


@dataclasses.dataclass(frozen=True)
class Dataset:
    """An array of a file.

    Attributes:
        path: where it stands in the file, "/layers/dense/vars/0".
        attributes: texts (str), lists of texts, or arrays, by name.
        dtype: "float32", "bfloat16", "int8", "bool", ...
        shape: sizes.
        stored: the values, bfloat16 as its bits in uint16; None when the file was read without values.
    """

    path: str
    attributes: Dict[str, Any]
    dtype: str
    shape: Tuple[int, ...]
    stored: Optional[np.ndarray]

    def numpy(self) -> np.ndarray:
        """Return the values; bfloat16 becomes float32, which holds it exactly."""
        if self.stored is None:
            raise ArgumentError(f"{self.path}: expected a file read with its values; received one without")
        if self.dtype != "bfloat16":
            return self.stored
        return (self.stored.astype(np.uint32) << 16).view(np.float32)


@dataclasses.dataclass(frozen=True)
class Group:
    """A folder of a file: a mapping from names to groups and datasets.

    Attributes:
        path: where it stands in the file, "/" for the root.
        attributes: texts (str), lists of texts, or arrays, by name.
        members: groups and datasets by name.
    """

    path: str
    attributes: Dict[str, Any]
    members: Dict[str, Union[Group, Dataset]]

    def find(self, path: str) -> Union[Group, Dataset, None]:
        """Return what stands at a path such as "layers/dense", or None."""
        found: Union[Group, Dataset, None] = self
        for part in path.strip("/").split("/") if path.strip("/") else []:
            found = found.members.get(part) if isinstance(found, Group) else None
        return found

    def group(self, path: str) -> Group:
        """Return the group at a path.

        Raises:
            ArgumentError: there is none.
        """
        found = self.find(path)
        if not isinstance(found, Group):
            raise ArgumentError(self._missing("group", path, found))
        return found

    def dataset(self, path: str) -> Dataset:
        """Return the dataset at a path.

        Raises:
            ArgumentError: there is none.
        """
        found = self.find(path)
        if not isinstance(found, Dataset):
            raise ArgumentError(self._missing("dataset", path, found))
        return found

    def texts(self, name: str) -> List[str]:
        """Return a list of texts from an attribute, which Keras cuts into `name0`, `name1`, ... when it is long."""
        if name in self.attributes:
            return self._as_texts(name)
        found: List[str] = []
        index = 0
        while f"{name}{index}" in self.attributes:
            found.extend(self._as_texts(f"{name}{index}"))
            index += 1
        return found

    def _as_texts(self, name: str) -> List[str]:
        value = self.attributes[name]
        if isinstance(value, np.ndarray) and value.size == 0:
            return []  # h5py writes an empty list as an empty array of floats
        if not isinstance(value, list):
            raise ArgumentError(
                f"{self.path}: expected attribute {name!r} to be a list of texts; received {type(value).__name__}; "
                "the file is damaged or no weight file"
            )
        return value

    def _missing(self, kind: str, path: str, found: Any) -> str:
        received = "nothing" if found is None else "a dataset" if isinstance(found, Dataset) else "a group"
        names = ", ".join(list(self.members)[:8]) or "empty"
        return f"{self.path}: expected a {kind} {path!r}; received {received} (it holds: {names}); check the file"

    def walk(self) -> Iterator[Union[Group, Dataset]]:
        """Yield this group and everything below it."""
        yield self
        for member in self.members.values():
            if isinstance(member, Group):
                yield from member.walk()
            else:
                yield member


def read_hdf5(source: Union[PathLike, bytes], label: Optional[str] = None, with_values: bool = True) -> Group:
    """Read a whole HDF5 file.

    Args:
        source: path, or the bytes of a file.
        label: what messages call it; default the path.
        with_values: False leaves the datasets' values out.

    Returns:
        The root group.

    Raises:
        ArgumentError: not HDF5, truncated or damaged (checksums are verified), or with contents that weight files have
            no need of: links, values in other files, virtual datasets, filters other than gzip, shuffle and fletcher32,
            sizes out of proportion to the bytes stored.
        OSError: the file cannot be opened, or memory is short.
    """
    is_image = isinstance(source, bytes)
    path = source if isinstance(source, bytes) else os.fspath(source)
    label = label or (f"{len(path)} bytes of HDF5" if is_image else str(path))
    try:
        return _make_group(_library().read(path, label, with_values), "/")
    except UnicodeDecodeError as error:
        raise ArgumentError(
            f"{label}: expected names and texts in UTF-8; received other bytes ({error.reason}); the file is damaged"
        ) from None
    except ValueError as error:
        raise ArgumentError(str(error)) from None
    except OSError as error:
        if error.errno is None or is_image:
            raise
        raise type(error)(error.errno, os.strerror(error.errno), path) from None


def _make_group(record: Dict[str, Any], path: str) -> Group:
    members: Dict[str, Union[Group, Dataset]] = {}
    for name, member in record["members"].items():
        where = f"{path.rstrip('/')}/{name}"
        if "members" in member:
            members[name] = _make_group(member, where)
        else:
            members[name] = Dataset(where, member["attributes"], member["dtype"], member["shape"], member["values"])
    return Group(path, record["attributes"], members)


class Hdf5File:
    """An HDF5 file being written, as a context; the file appears under its name when the block ends without an error.

    Args:
        path: the file; an existing one is replaced at the end.
        checksum: protect arrays by checksums that every HDF5 reader verifies.
        compression: gzip level, 0 (none) to 9.

    Raises:
        OSError: the file cannot be written.

    Example:
    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "values.h5")
    >>> with Hdf5File(path) as file:
    ...     file.write("/group/x", np.arange(3))
    ...     file.set_attribute("/group", "unit", "m")
    >>> read_hdf5(path).dataset("group/x").numpy().tolist()
    [0, 1, 2]
    """

    def __init__(self, path: PathLike, checksum: bool = False, compression: int = 0):
        self.path = os.path.abspath(os.fspath(path))
        self._checksum = checksum
        self._compression = compression
        self._temporary: Optional[str] = None
        self._writer: Any = None

    def __enter__(self) -> Hdf5File:
        with contextlib.ExitStack() as stack:
            self._temporary = stack.enter_context(atomic_path(self.path))
            self._writer = _library().Writer(self._temporary)
            stack.callback(self._writer.close)  # before the file gets its name
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._closing.__exit__(kind, error, trace)

    def make_group(self, path: str) -> None:
        """Make a group and those above it."""
        self._call(self._writer.make_group, path)

    def write(self, path: str, value: Any) -> None:
        """Write an array, tensor or variable as a dataset.

        Raises:
            ArgumentError: an element type that weight files do not hold, or a path that exists.
        """
        array, dtype = to_stored(value)
        self._call(self._writer.write_dataset, path, array, dtype, self._compression, self._checksum)
        if dtype == "bfloat16":
            self.set_attribute(path, "dtype", "bfloat16")  # by this Keras knows what the two bytes are

    def set_attribute(self, owner: str, name: str, value: Union[str, np.ndarray, int, float]) -> None:
        """Set a text or numbers as an attribute of a group or dataset that was written before."""
        if isinstance(value, str):
            if "\0" in value:
                raise ArgumentError(f"{owner}: expected attribute {name!r} without zero bytes; received one; remove it")
            self._call(self._writer.set_text, owner, name, value)
        else:
            array, dtype = to_stored(value)
            self._call(self._writer.set_numbers, owner, name, array, dtype)

    def set_texts(self, owner: str, name: str, values: Sequence[str]) -> None:
        """Set a list of texts as an attribute, cut into `name0`, `name1`, ... when it is long, as Keras does."""
        if not values:
            self.set_attribute(owner, name, np.zeros((0,)))
            return
        encoded = [value.encode("utf-8") for value in values]
        width = max(1, *(len(each) for each in encoded))
        if width > ATTRIBUTE_LIMIT or any(b"\0" in each for each in encoded):
            raise ArgumentError(
                f"{owner}: expected names in {name!r} of at most {ATTRIBUTE_LIMIT} bytes and without zero bytes; "
                f"received one of {width}; shorten it"
            )
        if len(values) * max(width, _TEXT_REFERENCE_SIZE) <= ATTRIBUTE_LIMIT:
            self._call(self._writer.set_texts, owner, name, list(values))
            return
        per_chunk = ATTRIBUTE_LIMIT // width
        for index, start in enumerate(range(0, len(encoded), per_chunk)):
            chunk = encoded[start : start + per_chunk]
            padded = b"".join(each.ljust(width, b"\0") for each in chunk)
            self._call(self._writer.set_fixed_texts, owner, f"{name}{index}", len(chunk), width, padded)

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except ValueError as error:
            raise ArgumentError(str(error).replace(str(self._temporary), self.path)) from None


def to_stored(value: Any) -> Tuple[np.ndarray, str]:
    """Return the array that is written for a value and the name of its element type."""
    dtype = str(getattr(value, "dtype", ""))
    if dtype == "bfloat16":
        return _bfloat16_bits(value), dtype
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ArgumentError(
            f"save: expected numbers or booleans of at most 64 bits; received {array.dtype}; convert the array first"
        )
    array = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    return array, array.dtype.name


def _bfloat16_bits(value: Any) -> np.ndarray:
    # Tensors and variables of this package convert themselves; NumPy arrays of the type come from other packages.
    value = getattr(value, "value", value)
    wide = np.asarray(value.astype("float32") if isinstance(value, np.ndarray) else value.astype("float32").numpy())
    return np.asarray(wide.view(np.uint32) >> 16, dtype=np.uint16, order="C")
