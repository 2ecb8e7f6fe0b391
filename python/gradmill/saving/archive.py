"""The `.keras` file: a zip of a configuration, the variables and a note about the version."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import zlib
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional

from gradmill.errors import ArgumentError
from gradmill.saving.hdf5 import Group, Hdf5File, PathLike, read_hdf5
from gradmill.saving.state_tree import load_state, objects_with, save_state
from gradmill.serialization import ObjectSharingScope, deserialize_object, serialize_object
from gradmill.utils.files import atomic_write
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import tempfile
    import zipfile
else:
    tempfile = LazyModule("tempfile")
    zipfile = LazyModule("zipfile")

CONFIG_NAME = "config.json"
METADATA_NAME = "metadata.json"
WEIGHTS_NAME = "model.weights.h5"
ASSETS_NAME = "assets"
# The version of Keras whose form the files have.
KERAS_VERSION = "3.15.0"

_MAX_JSON_BYTES = 256 << 20
_MAX_MEMBERS = 100_000
# Deflate, the only compression that is read, cannot expand more (RFC 1951).
_MAX_EXPANSION = 1032
_SMALL = 1 << 20


def save_archive(model: Any, path: PathLike) -> None:
    """Write a model as a `.keras` file."""
    with ObjectSharingScope():
        config = json.dumps(serialize_object(model))
    metadata = {"keras_version": KERAS_VERSION, "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    folder = os.path.dirname(os.path.abspath(os.fspath(path)))
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as scratch:
        weights = os.path.join(scratch, WEIGHTS_NAME)
        # The zip has a checksum of its own over the whole file.
        with Hdf5File(weights) as file:
            save_state(model, file)
        with atomic_write(path) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(METADATA_NAME, json.dumps(metadata))
            archive.writestr(CONFIG_NAME, config)
            archive.write(weights, WEIGHTS_NAME)
            for name, asset in _assets(model, scratch):
                archive.write(asset, name)


def load_archive(path: PathLike, custom_objects: Optional[Mapping[str, Any]] = None, compile: bool = True) -> Any:
    """Build the model that a `.keras` file describes and give it the file's variables."""
    with open_archive(path) as archive:
        config = parse_json(_read_member(archive, CONFIG_NAME, path, _MAX_JSON_BYTES), f"{path}: {CONFIG_NAME}")
        root = _read_weights(archive, path)
    if not compile:
        config["compile_config"] = None
    with ObjectSharingScope():
        model = deserialize_object(config, custom_objects=custom_objects)
    if not hasattr(model, "load_own_variables"):
        raise ArgumentError(
            f"{path}: expected the configuration of a model; received one of a {type(model).__name__}; check the file"
        )
    load_state(model, root, str(path))
    _load_assets(model, path)
    return model


def _assets(model: Any, scratch: str) -> Iterator[tuple[str, str]]:
    """Let layers with a method `save_assets` write files, and yield name in the archive and path of each."""
    root = os.path.join(scratch, ASSETS_NAME)
    for place, layer in objects_with(model, "save_assets"):
        folder = os.path.join(root, place)
        os.makedirs(folder, exist_ok=True)
        layer.save_assets(folder)
    for folder, _, files in os.walk(root):
        for file in sorted(files):
            found = os.path.join(folder, file)
            yield os.path.relpath(found, scratch).replace(os.sep, "/"), found


def _load_assets(model: Any, path: PathLike) -> None:
    """Let layers with a method `load_assets` read the files that the archive has for them."""
    layers = objects_with(model, "load_assets")
    if not layers:
        return
    with open_archive(path) as archive, tempfile.TemporaryDirectory() as scratch:
        for name in archive.namelist():
            if name.startswith(f"{ASSETS_NAME}/") and not name.endswith("/"):
                target = os.path.join(scratch, *name.split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.write(_read_member(archive, name, path))
        for place, layer in layers:
            folder = os.path.join(scratch, ASSETS_NAME, place)
            if os.path.isdir(folder):
                layer.load_assets(folder)


def read_archive_weights(path: PathLike) -> Group:
    """Return the variables in a `.keras` file."""
    with open_archive(path) as archive:
        return _read_weights(archive, path)


def read_archive_texts(path: PathLike) -> tuple[dict, Optional[dict]]:
    """Return configuration and metadata in a `.keras` file; None for metadata that are not there."""
    with open_archive(path) as archive:
        names = [name for name in (CONFIG_NAME, METADATA_NAME) if name in archive.namelist()]
        found = [parse_json(_read_member(archive, name, path, _MAX_JSON_BYTES), f"{path}: {name}") for name in names]
    return found[0], found[1] if len(found) > 1 else None


@contextlib.contextmanager
def open_archive(path: PathLike) -> Iterator[zipfile.ZipFile]:
    """Open a `.keras` file after a look at the names and sizes in it.

    Raises:
        ArgumentError: not a zip, damaged (checksums are verified when members are read), or with names that leave the
            archive, names given twice, encrypted members, or sizes out of proportion to what is stored.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path)
            yield archive
    except zipfile.BadZipFile as error:
        raise ArgumentError(
            f"{path}: expected an undamaged .keras file (a zip); received: {error}; copy or save it again"
        ) from None


def _check_members(archive: zipfile.ZipFile, path: PathLike) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > _MAX_MEMBERS or len(set(names)) != len(names):
        raise ArgumentError(
            f"{path}: expected different names, at most {_MAX_MEMBERS}; received {len(names)}, "
            f"{len(names) - len(set(names))} of them twice; the file is damaged or made to mislead"
        )
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0] or "\0" in name:
            raise ArgumentError(
                f"{path}: expected names inside the archive; received {member.filename!r}, which leaves it; "
                "do not use this file"
            )
        if member.flag_bits & 0x1:
            raise ArgumentError(f"{path}: expected plain members; received {name!r} encrypted; save the model again")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArgumentError(f"{path}: expected {name!r} stored or deflated; received another form; pack it again")
        if member.file_size > _SMALL + _MAX_EXPANSION * member.compress_size:
            raise ArgumentError(
                f"{path}: expected sizes in proportion; received {name!r} with {member.file_size} bytes from "
                f"{member.compress_size}; the file is damaged or made to exhaust memory"
            )
    for wanted in (CONFIG_NAME, WEIGHTS_NAME):
        if wanted not in names:
            raise ArgumentError(
                f"{path}: expected {wanted} in a .keras file; received {', '.join(names[:8]) or 'an empty zip'}; is "
                "this a model file? (weights as .npz are not read: save it with Keras's default weights_format)"
            )


def _read_member(archive: zipfile.ZipFile, name: str, path: PathLike, limit: Optional[int] = None) -> bytes:
    size = archive.getinfo(name).file_size
    if limit is not None and size > limit:
        raise ArgumentError(f"{path}: expected {name} of at most {limit} bytes; received {size}; is this a model file?")
    try:
        return archive.read(name)
    except (EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ArgumentError(f"{path}: expected {name} to be readable; received: {error}; the file is damaged") from None


def _read_weights(archive: zipfile.ZipFile, path: PathLike) -> Group:
    return read_hdf5(_read_member(archive, WEIGHTS_NAME, path), label=f"{path}: {WEIGHTS_NAME}")


def parse_json(text: Any, label: str) -> Any:
    """Return the object in a JSON text.

    Raises:
        ArgumentError: text that is no JSON, or no object.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(
            f"{label}: expected JSON; received text that is none ({error}); the file is damaged"
        ) from None
    if not isinstance(parsed, dict):
        raise ArgumentError(f"{label}: expected a JSON object; received {type(parsed).__name__}; the file is damaged")
    return parsed
