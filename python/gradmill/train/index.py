"""The file named "checkpoint" in a folder of checkpoints: which ones there are, and which is the newest."""

from __future__ import annotations

import json
import os
import re
import time
import warnings
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from gradmill.errors import DamagedFileError
from gradmill.utils.files import PathLike, atomic_write
from gradmill.utils.state_file import check_state_file, read_state

NAME = "checkpoint"


class Index:
    """The checkpoints of a folder.

    Args:
        folder: the folder.
        times: when each was written, in seconds, by its name; oldest first.
        preserved: time of the last one that is kept for good.
        name: name of the index file.
    """

    def __init__(self, folder: str, times: Optional[Dict[str, float]] = None, preserved: float = 0.0, name: str = NAME):
        self.folder, self.times, self.preserved, self.name = folder, dict(times or {}), preserved, name

    @classmethod
    def read(cls, folder: PathLike, name: Optional[str] = None) -> Index:
        """Read the index of a folder; checkpoints that are gone are left out.

        Args:
            folder: the folder.
            name: name of the index file, default "checkpoint".
        """
        folder, name = os.fspath(folder), name or NAME
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return cls(folder, name=name)
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            times = {str(each): float(seconds) for each, seconds in content["checkpoints"]}
            found = cls(folder, times, float(content["last_preserved"]), name)
        except (ValueError, KeyError, TypeError) as problem:
            found = cls(folder, _by_their_names(folder), name=name)
            warnings.warn(
                f"{path}: expected the list of checkpoints; received {type(problem).__name__}: {problem}; the files in "
                f"the folder are taken instead: {', '.join(found.times) or 'none'}",
                stacklevel=3,
            )
        found.times = {each: when for each, when in found.times.items() if os.path.isfile(found.path(each))}
        return found

    def path(self, name: str) -> str:
        """Return the path of a checkpoint by its name in the index."""
        return os.path.join(self.folder, name)

    def paths(self) -> List[str]:
        """Return the paths of all checkpoints, oldest first."""
        return [self.path(name) for name in self.times]

    def add(self, path: str) -> None:
        """Make a checkpoint the newest."""
        name = os.path.relpath(path, self.folder)
        self.times.pop(name, None)
        self.times[name] = time.time()

    def write(self) -> None:
        """Replace the file in one step."""
        content = {"checkpoints": list(self.times.items()), "last_preserved": self.preserved}
        with atomic_write(os.path.join(self.folder, self.name), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)

    def drop_damaged(self) -> Optional[str]:
        """Leave out damaged checkpoints, newest first, until one is whole; warn about each.

        Returns:
            path of the newest that is whole, None where there is no checkpoint at all.

        Raises:
            DamagedFileError: there are some, but all are damaged.
        """
        first: Optional[DamagedFileError] = None
        names = list(reversed(self.times))
        for name in names:
            try:
                check_state_file(self.path(name))
            except DamagedFileError as problem:
                del self.times[name]
                first = first or problem
            else:
                if first is not None:
                    warnings.warn(f"{first}; {self.path(name)}, saved before, is used", stacklevel=3)
                return self.path(name)
        if first is not None:
            raise DamagedFileError(
                f"{self.folder}: expected a whole checkpoint; received {len(names)} damaged ones; the newest: {first}; "
                f"delete the folder's file {self.name!r} to start anew"
            )
        return None


def _by_their_names(folder: str) -> Dict[str, float]:
    """Find files that are named as checkpoints are."""
    found = [entry for entry in os.scandir(folder) if entry.is_file() and re.search(r"-\d+$", entry.name)]
    return {entry.name: entry.stat().st_mtime for entry in sorted(found, key=lambda entry: entry.stat().st_mtime_ns)}


def note_newest(path: str) -> None:
    """Write a checkpoint into its folder's index as the newest.

    Args:
        path: the checkpoint.
    """
    found = Index.read(os.path.dirname(path) or ".")
    found.add(path)
    found.write()


def latest_checkpoint(checkpoint_dir: PathLike, latest_filename: Optional[str] = None) -> Optional[str]:
    """Return the newest whole checkpoint in a folder.

    Damaged ones are warned about and passed over.

    Args:
        checkpoint_dir: the folder.
        latest_filename: name of its index file, default "checkpoint".

    Returns:
        path for `Checkpoint.restore`, None when there is no checkpoint.

    Raises:
        DamagedFileError: there are checkpoints, but all are damaged.

    Example:
        >>> import os, tempfile
        >>> import gradmill as gm
        >>> folder = tempfile.mkdtemp()
        >>> gm.train.latest_checkpoint(folder) is None
        True
        >>> path = gm.train.Checkpoint(step=gm.Variable(1)).save(os.path.join(folder, "ckpt"))
        >>> gm.train.latest_checkpoint(folder) == path
        True
    """
    return Index.read(checkpoint_dir, latest_filename).drop_damaged()


@dataclass(frozen=True)
class CheckpointState:
    """The list of a folder's checkpoints, as `get_checkpoint_state` returns it.

    Args:
        model_checkpoint_path: the newest.
        all_model_checkpoint_paths: all, oldest first.
        all_model_checkpoint_timestamps: when they were written, in seconds.
        last_preserved_timestamp: when the last one that is kept for good was written.
    """

    model_checkpoint_path: str
    all_model_checkpoint_paths: List[str]
    all_model_checkpoint_timestamps: List[float]
    last_preserved_timestamp: float


def get_checkpoint_state(checkpoint_dir: PathLike, latest_filename: Optional[str] = None) -> Optional[CheckpointState]:
    """Return which checkpoints a folder has; the files are not looked into.

    Args:
        checkpoint_dir: the folder.
        latest_filename: name of its index file, default "checkpoint".

    Returns:
        the list, None when there is no checkpoint.

    Example:
        >>> import tempfile
        >>> import gradmill as gm
        >>> gm.train.get_checkpoint_state(tempfile.mkdtemp()) is None
        True
    """
    index = Index.read(checkpoint_dir, latest_filename)
    paths = index.paths()
    return CheckpointState(paths[-1], paths, list(index.times.values()), index.preserved) if paths else None


def list_variables(ckpt_dir_or_file: PathLike) -> List[Tuple[str, List[int]]]:
    """Return names and shapes of the arrays in a checkpoint.

    Args:
        ckpt_dir_or_file: a checkpoint, or a folder whose newest one is taken.

    Returns:
        list of (name, shape), sorted.

    Raises:
        DamagedFileError: the file is cut short or changed.
        FileNotFoundError: there is no checkpoint.

    Example:
        >>> import os, tempfile
        >>> import gradmill as gm
        >>> path = gm.train.Checkpoint(w=gm.Variable([1.0, 2.0])).write(os.path.join(tempfile.mkdtemp(), "state"))
        >>> gm.train.list_variables(path)
        [('w', [2])]
    """
    path: Any = ckpt_dir_or_file
    if os.path.isdir(path):
        path = latest_checkpoint(path)
        if path is None:
            raise FileNotFoundError(2, "expected a checkpoint in the folder; received", os.fspath(ckpt_dir_or_file))
    found: List[Tuple[str, List[int]]] = []
    _collect(read_state(path)["objects"], "", found)
    return sorted(found)


def _collect(state: Any, path: str, found: List[Tuple[str, List[int]]]) -> None:
    if isinstance(state, np.ndarray):
        found.append((path, list(state.shape)))
    elif isinstance(state, (dict, list, tuple)):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            _collect(value, f"{path}/{key}" if path else str(key), found)
