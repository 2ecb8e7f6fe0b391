"""`KerasFileEditor`: what is in a file of weights, and another file with some of it changed."""

from __future__ import annotations

import os
from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.saving.archive import read_archive_texts, read_archive_weights
from gradmill.saving.hdf5 import Dataset, Group, Hdf5File, read_hdf5
from gradmill.saving.state_tree import save_state
from gradmill.utils.files import PathLike

_VARIABLES = "vars"


class KerasFileEditor:
    """The weights in a file of a model, to be looked at, changed, and written into another file.

    Objects are named by their paths, such as "layers/dense"; the last part is enough where no other object has it.

    Args:
        filepath: a name that ends in ".keras" or ".weights.h5".

    Attributes:
        weights_dict: objects as dictionaries of their weights and of the objects in them.
        object_metadata: for the path of each object, {"name": its name}.
        config: of the model, from a ".keras" file, else None.
        metadata: version and date, from a ".keras" file, else None.

    Raises:
        ArgumentError: another ending, or a damaged file.
        OSError: the file cannot be read.

    Example:
        >>> import os, tempfile, gradmill as gm
        >>> path = os.path.join(tempfile.mkdtemp(), "m.weights.h5")
        >>> gm.Sequential([gm.Input((2,)), gm.layers.Dense(3)]).save_weights(path)
        >>> editor = gm.saving.KerasFileEditor(path)  # doctest: +ELLIPSIS
        Keras model file '...m.weights.h5'
        >>> editor.rename_object("dense", "outputs")
        >>> editor.summary()
        Weights structure
          layers
            outputs
              0: shape=(2, 3), dtype=float32
              1: shape=(3,), dtype=float32
    """

    def __init__(self, filepath: PathLike):
        self.filepath = os.fspath(filepath)
        self.config: Optional[dict] = None
        self.metadata: Optional[dict] = None
        self.object_metadata: dict[str, dict] = {}
        if self.filepath.endswith(".keras"):
            self.config, self.metadata = read_archive_texts(self.filepath)
            root = read_archive_weights(self.filepath)
        elif self.filepath.endswith(".weights.h5"):
            root = read_hdf5(self.filepath)
        else:
            raise ArgumentError(
                f'KerasFileEditor: expected a name that ends in ".keras" or ".weights.h5"; received {self.filepath!r}'
            )
        self.weights_dict = self._object(root, "")
        print(f"Keras model file '{self.filepath}'")
        if self.metadata is not None:
            version, date = (self.metadata.get(name, "?") for name in ("keras_version", "date_saved"))
            print(f"Saved with Keras {version} - date: {date}")

    def _object(self, group: Group, path: str) -> dict:
        found: dict[str, Any] = {}
        for name, member in group.members.items():
            if isinstance(member, Dataset):
                value = member.numpy()
                found[name] = ops.cast(value, "bfloat16") if member.dtype == "bfloat16" else value
            elif name == _VARIABLES:
                found.update(self._object(member, path))
                if isinstance(member.attributes.get("name"), str):
                    self.object_metadata[path] = {"name": member.attributes["name"]}
            else:
                within = self._object(member, f"{path}/{name}".lstrip("/"))
                if within:
                    found[name] = within
        return found

    def summary(self) -> None:
        """Print the objects and their weights."""
        print("Weights structure")
        self._print(self.weights_dict, "", "  ")

    def _print(self, within: dict, path: str, indent: str) -> None:
        for key, value in within.items():
            place = f"{path}/{key}".lstrip("/")
            if isinstance(value, dict):
                name = self.object_metadata.get(place, {}).get("name", key)
                print(f"{indent}{key}" + ("" if name == key else f" ('{name}')"))
                self._print(value, place, indent + "  ")
            else:
                print(f"{indent}{key}: shape={tuple(value.shape)}, dtype={value.dtype}")

    def compare(self, reference_model: Any) -> dict:
        """Print what differs from a model, and return how much.

        Args:
            reference_model: a built model.

        Returns:
            {"status": "success" or "error", "error_count": objects and weights that only one has, and weights of other
            shapes, "match_count": weights that agree in shape}.
        """
        print("Running comparison")
        record = _Record()
        save_state(reference_model, record)  # type: ignore[arg-type]
        differences: list[str] = []
        matches = _compare(self.weights_dict, _without_empty(record.tree), "", differences)
        for line in differences:
            print(f"...{line}")
        if differences:
            print(f"Found {len(differences)} errors: saved file is not compatible with the reference model")
        else:
            print("Comparison successful: saved file is compatible with the reference model")
            print(f"    Found {matches} matching weights")
        status = "error" if differences else "success"
        return {"status": status, "error_count": len(differences), "match_count": matches}

    def _find(self, path: str) -> tuple[dict, str]:
        """The dictionary that holds an object, and the object's key there."""
        if "/" not in path:
            holders = list(_holders(self.weights_dict, path))
            if len(holders) != 1:
                raise ArgumentError(
                    f"KerasFileEditor: expected the name of one object; received {path!r}, which {len(holders)} "
                    "objects have; see summary()" + ("; give its whole path" if holders else "")
                )
            return holders[0], path
        *above, last = path.split("/")
        holder: Any = self.weights_dict
        for part in above:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if not isinstance(holder, dict) or last not in holder:
            raise ArgumentError(f"KerasFileEditor: expected the path of an object; received {path!r}; see summary()")
        return holder, last

    def _weights_of(self, object_name: str) -> dict:
        holder, key = self._find(object_name)
        if not isinstance(holder[key], dict):
            raise ArgumentError(f"KerasFileEditor: expected an object; received {object_name!r}, which is a weight")
        found: dict = holder[key]
        return found

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object another name.

        Args:
            object_name: name or path.
            new_name: without "/"; the object stays where it is.

        Raises:
            ArgumentError: there is no such object, several have the name, or the new name is taken or a path.
        """
        holder, key = self._find(object_name)
        if "/" in new_name or new_name in holder:
            raise ArgumentError(
                f"rename_object: expected a new name that is no path and not taken; received {new_name!r}"
            )
        renamed = {new_name if each == key else each: value for each, value in holder.items()}
        holder.clear()
        holder.update(renamed)

    def delete_object(self, object_name: str) -> None:
        """Remove an object with all that it holds.

        Args:
            object_name: name or path.

        Raises:
            ArgumentError: there is no such object, or several have the name.
        """
        holder, key = self._find(object_name)
        del holder[key]

    def add_object(self, object_path: str, weights: Any) -> None:
        """Add an object, in place of one that has its path.

        Args:
            object_path: where it stands; all but the last part must be there.
            weights: array for each name, usually "0", "1" and so on.

        Raises:
            ArgumentError: `weights` is no dictionary of arrays, or what holds the object is not there.
        """
        above, _, last = object_path.rpartition("/")
        holder = self._weights_of(above) if above else self.weights_dict
        holder[last] = _checked("add_object", weights)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove a weight.

        Args:
            object_name: name or path of the object.
            weight_name: such as "0".

        Raises:
            ArgumentError: there is no such object or weight.
        """
        weights = self._weights_of(object_name)
        if weight_name not in weights:
            raise ArgumentError(
                f"delete_weight: expected a weight of {object_name!r}, which has {list(weights)}; received "
                f"{weight_name!r}"
            )
        del weights[weight_name]

    def add_weights(self, object_name: str, weights: Any) -> None:
        """Add weights to an object, in place of those that have their names.

        Args:
            object_name: name or path of the object.
            weights: array for each name.

        Raises:
            ArgumentError: `weights` is no dictionary of arrays, or there is no such object.
        """
        self._weights_of(object_name).update(_checked("add_weights", weights))

    def save(self, filepath: PathLike) -> None:
        """Write the weights.

        Args:
            filepath: a name that ends in ".weights.h5"; an older file is replaced when the new one is whole.

        Raises:
            ArgumentError: another ending, or weights that are no numbers.
            OSError: the file cannot be written.
        """
        path = os.fspath(filepath)
        if not path.endswith(".weights.h5"):
            raise ArgumentError(f'save: expected a name that ends in ".weights.h5"; received {path!r}')
        with Hdf5File(path, checksum=True) as file:
            self._write(file, self.weights_dict, "")

    def _write(self, file: Hdf5File, within: dict, path: str) -> None:
        group = f"/{path}/{_VARIABLES}" if path else f"/{_VARIABLES}"
        if path in self.object_metadata or any(not isinstance(value, dict) for value in within.values()):
            file.make_group(group)
            if path in self.object_metadata:
                file.set_attribute(group, "name", self.object_metadata[path]["name"])
        for key, value in within.items():
            if isinstance(value, dict):
                self._write(file, value, f"{path}/{key}".lstrip("/"))
            else:
                file.write(f"{group}/{key}", value)

    def resave_weights(self, filepath: PathLike) -> None:
        """Write the weights; see `save`."""
        self.save(filepath)


class _Record:
    """Takes what `save_state` writes, and keeps it as dictionaries."""

    def __init__(self) -> None:
        self.tree: dict = {}

    def make_group(self, path: str) -> dict:
        found = self.tree
        for part in path.split("/"):
            if part and part != _VARIABLES:
                found = found.setdefault(part, {})
        return found

    def set_attribute(self, owner: str, name: str, value: Any) -> None:
        """Names are not compared."""

    def write(self, path: str, value: Any) -> None:
        above, _, last = path.rpartition("/")
        self.make_group(above)[last] = value


def _without_empty(within: dict) -> dict:
    found = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in within.items()}
    return {key: value for key, value in found.items() if not isinstance(value, dict) or value}


def _compare(saved: dict, wanted: dict, path: str, differences: list[str]) -> int:
    """Note what differs, and return how many weights have the same shape."""
    matches = 0
    for key in [*saved, *(each for each in wanted if each not in saved)]:
        place = f"{path}/{key}"
        if key not in saved or key not in wanted:
            has, lacks = ("saved file", "reference model") if key in saved else ("reference model", "saved file")
            value = (saved if key in saved else wanted)[key]
            kind = f"Object {place}, with {list(value)}," if isinstance(value, dict) else f"Weight {place}"
            differences.append(f"{kind} present in {has}, missing from {lacks}")
        elif isinstance(saved[key], dict) != isinstance(wanted[key], dict):
            differences.append(f"{place} is an object in one and a weight in the other")
        elif isinstance(saved[key], dict):
            matches += _compare(saved[key], wanted[key], place, differences)
        elif tuple(saved[key].shape) != tuple(wanted[key].shape):
            differences.append(
                f"Weight shape mismatch for {place}: shape={tuple(wanted[key].shape)} in reference model, "
                f"shape={tuple(saved[key].shape)} in saved file"
            )
        else:
            matches += 1
    return matches


def _holders(within: dict, name: str) -> Any:
    if name in within:
        yield within
    for value in within.values():
        if isinstance(value, dict):
            yield from _holders(value, name)


def _checked(who: str, weights: Any) -> dict:
    if not isinstance(weights, dict) or not all(
        isinstance(each, dict) or hasattr(each, "shape") for each in weights.values()
    ):
        raise ArgumentError(
            f"{who}: expected weights as a dictionary of arrays by names such as '0'; received "
            + (f"{weights!r:.200}" if isinstance(weights, dict) else f"a {type(weights).__name__}")
        )
    return {str(name): value for name, value in weights.items()}
