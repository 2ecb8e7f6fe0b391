"""`Checkpoint`: the state of a program's objects in one file."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np

from gradmill.errors import ArgumentError, DamagedFileError
from gradmill.layers import Layer
from gradmill.train import index
from gradmill.train.status import CheckpointLoadStatus, Restoration
from gradmill.train.tracked import join, kind_of, own_variables, walk
from gradmill.utils.files import PathLike
from gradmill.utils.state_file import read_state, write_state
from gradmill.variable import Variable

FORMAT = 1


class Checkpoint:
    """Saves and restores objects that have state, each under the name it is given here.

    Variables, layers and models (compiled ones with their optimizer), optimizers, metrics, seed generators, iterators
    of data sets, `RandomState`, NumPy's generators, other checkpoints, lists and dicts of all these, and any object
    with methods `get_state` and `set_state` (which return and take numbers, text, arrays, and lists, tuples and dicts
    of them). A number becomes a variable. Objects are matched by their names and the names of their attributes, so a
    program may restore a part of what another one saved.

    Where a model or optimizer has no variables yet, their values wait until they are made.

    Args:
        root: an object whose attributes are named from the top.
        **kwargs: the objects by name; attributes of the checkpoint from now on.

    Raises:
        ArgumentError: for an object that has no state.

    Reference: TensorFlow 2, `tf.train.Checkpoint` (2019).

    Example:
        >>> import os, tempfile
        >>> import gradmill as gm
        >>> folder = tempfile.mkdtemp()
        >>> numbers = iter(gm.data.Dataset.range(10))
        >>> checkpoint = gm.train.Checkpoint(step=gm.Variable(2), numbers=numbers)
        >>> _ = next(numbers), next(numbers)
        >>> path = checkpoint.save(os.path.join(folder, "ckpt"))
        >>> _ = checkpoint.step.assign(0), next(numbers)
        >>> status = checkpoint.restore(path).assert_consumed()
        >>> int(checkpoint.step), int(next(numbers))
        (2, 2)
    """

    _root: Any = None
    _save_counter: Optional[Variable] = None
    _restoration: Optional[Restoration] = None

    def __init__(self, root: Any = None, **kwargs: Any):
        if root is not None:
            self._root = _checked("root", root)
        for name, value in kwargs.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            value = _checked(name, value)
            # An object that comes late gets its values from the checkpoint that was restored before.
            if self._restoration is not None:
                self._restoration.restore(value, name)
        object.__setattr__(self, name, value)

    @property
    def save_counter(self) -> Variable:
        """Number of the last checkpoint that `save` wrote; saved and restored with the rest."""
        if self._save_counter is None:
            object.__setattr__(self, "_save_counter", Variable(np.int64(0), trainable=False, name="save_counter"))
            if self._restoration is not None:
                self._restoration.restore(self._save_counter, "save_counter")
        assert self._save_counter is not None
        return self._save_counter

    def _checkpoint_children(self) -> Iterator[Tuple[str, Any]]:
        root_kind = kind_of(self._root)
        if root_kind is not None:
            yield from root_kind.children(self._root)
            if root_kind.save is not None:
                yield "root", self._root
        yield from ((name, value) for name, value in vars(self).items() if not name.startswith("_"))
        if self._save_counter is not None:
            yield "save_counter", self._save_counter

    def write(self, file_prefix: PathLike, options: Any = None) -> str:
        """Write a checkpoint under exactly this name.

        The file is complete or absent at any moment, and an older one of the name stays until then.

        Args:
            file_prefix: name of the file.
            options: accepted for compatibility.

        Returns:
            the name, for `read` or `restore`.

        Raises:
            ArgumentError: an object whose state is not made of numbers, text and arrays.
            OSError: the file cannot be written.
        """
        objects: Dict[str, Any] = {}
        aliases: Dict[str, str] = {}
        parts: Dict[str, Any] = {}
        for path, value, kind, first in walk(self):
            if first is not None:
                aliases[path] = first
            elif kind.save is not None:
                objects[path] = kind.save(value)
                if isinstance(value, Layer):
                    names = [variable.name for variable in own_variables(value)]
                    parts.update({join(path, name): (path, place) for place, name in enumerate(names)})
        path = os.fspath(file_prefix)
        write_state(path, {"format": FORMAT, "objects": objects, "aliases": aliases, "parts": parts})
        return path

    def save(self, file_prefix: PathLike, options: Any = None) -> str:
        """Count `save_counter` up, write "PREFIX-COUNTER", and note it as the folder's newest for `latest_checkpoint`.

        Args:
            file_prefix: beginning of the name, such as "folder/ckpt".
            options: accepted for compatibility.

        Returns:
            the whole name.

        Raises:
            as `write`.
        """
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        index.note_newest(path)
        return path

    def read(self, save_path: PathLike, options: Any = None) -> CheckpointLoadStatus:
        """Restore what `write` wrote.

        Args:
            save_path: the file.
            options: accepted for compatibility.

        Returns:
            status, which says what was matched.

        Raises:
            DamagedFileError: the file is cut short or changed; nothing is restored.
            ShapeError: variables of another shape or number; nothing is restored.
            ArgumentError: the state of an object of another kind.
            OSError: there is no such file.
        """
        path = os.fspath(save_path)
        content = read_state(path)
        if not isinstance(content, dict) or content.get("format") != FORMAT or "objects" not in content:
            raise DamagedFileError(
                f"{path}: expected a checkpoint of format {FORMAT}; received another kind of file; save it again"
            )
        restoration = Restoration(path, content["objects"], content["aliases"], content["parts"])
        restoration.restore(self, "")
        object.__setattr__(self, "_restoration", restoration)
        return CheckpointLoadStatus(restoration)

    def restore(self, save_path: Optional[PathLike], options: Any = None) -> CheckpointLoadStatus:
        """Restore what `save` or `write` wrote.

        Args:
            save_path: the file; None, which `latest_checkpoint` returns when there is none, restores nothing.
            options: accepted for compatibility.

        Returns:
            status, which says what was matched.

        Raises:
            as `read`.
        """
        if save_path is None:
            return CheckpointLoadStatus()
        self.save_counter  # noqa: B018  made now, so that it is restored with the rest
        return self.read(save_path)

    def sync(self) -> None:
        """Do nothing: files are complete when they are written."""


def _checked(name: str, value: Any) -> Any:
    """Return an object that has state; numbers become variables."""
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return Variable(np.asarray(value), trainable=False, name=name)
    if kind_of(value) is None:
        raise ArgumentError(
            f"Checkpoint: expected objects with state (variables, models, optimizers, metrics, seed generators, "
            f"iterators of data sets, or lists and dicts of them); received {name}={value!r}; leave it out, or give it "
            "methods get_state and set_state"
        )
    return value
