"""Data sets in folders: `Dataset.save` and `Dataset.load`."""

from __future__ import annotations

import os
from typing import Any, Callable, Optional, TypeVar

from gradmill import errors
from gradmill.data import elements
from gradmill.data.arguments import check_callable, check_path, node_of
from gradmill.data.file_cache import FileRows
from gradmill.data.rejecting import Rejecting
from gradmill.data.sources import CountingStage, Items
from gradmill.data.stages import INFINITE, Node, Stage
from gradmill.tracing import TensorSpec

_Kept = TypeVar("_Kept", bound="Saved")
_COMPRESSIONS = (None, "NONE", "GZIP")


class Saved(Rejecting):
    """Methods of `Dataset` that write elements to the disk and read them."""

    def save(
        self, path: Any, compression: Optional[str] = None, shard_func: Any = None, checkpoint_args: Any = None
    ) -> None:
        """Write all elements into a folder, from which `Dataset.load` reads them.

        Elements that lie there already are replaced when all new ones are on the disk.

        Args:
            path: the folder; it is made when missing.
            compression: "GZIP", or None for none.
            shard_func: accepted; all elements lie in one file.
            checkpoint_args: accepted; a pass that does not come to its end leaves nothing.

        Raises:
            ArgumentError: for an endless data set, and an unknown compression.
            OSError: the files cannot be written.

        Example:
            >>> import os, tempfile, gradmill as gm
            >>> folder = os.path.join(tempfile.mkdtemp(), "squares")
            >>> gm.data.Dataset.range(4).map(lambda x: x * x).save(folder)
            >>> [int(x) for x in gm.data.Dataset.load(folder)]
            [0, 1, 4, 9]
        """
        folder = check_path("save", "path", path)
        _check_compression("save", compression)
        if shard_func is not None:
            check_callable("save", shard_func)
        if self._node.cardinality() == INFINITE:
            raise errors.ArgumentError("save: expected a data set with an end; received an endless one; use take")
        rows = FileRows(os.path.join(folder, _NAME), packed=compression == "GZIP")
        stage = self._node.open_elements()
        try:
            for element in stage:
                rows.add(element)
            rows.notes = _written(self._node.spec())
            rows.replace()
        finally:
            stage.close()
            rows.clear()

    @classmethod
    def load(
        cls: type[_Kept],
        path: Any,
        element_spec: Any = None,
        compression: Optional[str] = None,
        reader_func: Optional[Callable] = None,
        wait: bool = False,
    ) -> _Kept:
        """Return the data set of the elements that `save` wrote, which are read when they are needed.

        Args:
            path: the folder.
            element_spec: what the elements must look like; default: as they were.
            compression: accepted; the files say what they are.
            reader_func: function that makes a data set of a data set of data sets, such as `interleave`.
            wait: must be False.

        Raises:
            ArgumentError: elements were saved with another spec.
            DamagedFileError: the files are not as they were written; also when an element is read.
            FileNotFoundError: nothing was saved there.
            UnsupportedError: for `wait`.
        """
        folder = check_path("load", "path", path)
        _check_compression("load", compression)
        if wait:
            raise errors.UnsupportedError("load: expected wait=False; received True; call it when the files are there")
        rows = FileRows(os.path.join(folder, _NAME), what="a saved data set")
        if not rows.find():
            raise FileNotFoundError(2, "expected a folder that Dataset.save wrote; received", folder)
        node = Loaded(rows)
        if element_spec is not None and _written(element_spec) != _written(node.spec()):
            raise errors.ArgumentError(
                f"load: {folder} has elements of {node.spec()}; received element_spec={element_spec}"
            )
        loaded = cls(node)
        if reader_func is None:
            return loaded
        check_callable("load", reader_func)
        return cls(node_of(reader_func(cls(Items([loaded]))), "load"))


_NAME = "elements"


def _check_compression(who: str, compression: Any) -> None:
    if compression not in _COMPRESSIONS:
        raise errors.ArgumentError(f"{who}: compression must be 'GZIP' or None; received {compression!r}")


def _written(spec: Any) -> dict:
    """The structure of an element with a number for each leaf, and shape and dtype of each."""
    leaves: list = []

    def number(leaf: Any) -> int:
        leaves.append([None if leaf.shape is None else list(leaf.shape), str(leaf.dtype)])
        return len(leaves) - 1

    return {"structure": elements.map_leaves(number, spec), "leaves": leaves}


class Loaded(Node):
    """Elements in files.

    Args:
        rows: their files, which were found.

    Raises:
        DamagedFileError: what they say of the elements does not fit.
    """

    def __init__(self, rows: FileRows):
        self.rows = rows
        try:
            leaves = [
                TensorSpec(None if shape is None else tuple(shape), dtype) for shape, dtype in rows.notes["leaves"]
            ]
            self._spec = elements.map_leaves(lambda number: leaves[int(number)], rows.notes["structure"])
        except (KeyError, IndexError, TypeError, ValueError, errors.GradMillError) as problem:
            raise rows.damaged(f"no spec of its elements ({problem})") from None
        self._count = len(rows)

    def spec(self) -> Any:
        return self._spec

    def cardinality(self) -> int:
        return self._count

    def open(self) -> Stage:
        return CountingStage(range(self._count))
