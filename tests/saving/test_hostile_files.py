"""Damaged and hostile files end in an error that says what is wrong, never in a crash or a wait."""

import random
import struct
import time
import zipfile
from pathlib import Path

import pytest

import gradmill as gm
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.saving.archive import open_archive
from gradmill.saving.hdf5 import read_hdf5

FILES = Path(__file__).parents[1] / "golden" / "keras_files"

REFUSED = {
    "soft_link.h5": "received a soft link",
    "external_link.h5": "received an external link",
    "external_storage.h5": "received external storage",
    "virtual_dataset.h5": "received a virtual dataset",
    "cycle.h5": "received a second hard link",
    "second_name.h5": "received a second hard link",
    "named_type.h5": "received a named type",
    "user_block.h5": "received a user block of 512 bytes",
    "huge_shape.h5": "expected a size in proportion",
    "unwritten.h5": "expected a size in proportion",
    "huge_chunk.h5": "expected chunks in proportion",
    "lzf_filter.h5": "received filter 32000",
    "compound_type.h5": "received another HDF5 type",
    "text_dataset.h5": "received another HDF5 type",
    "too_deep.h5": "at most 64 deep",
    "wrong_checksum.h5": "checksum",
    "truncated.h5": "the file is truncated",
    "not_hdf5.h5": "without the HDF5 signature",
    "empty.h5": "received 0 bytes",
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_hostile_hdf5_is_refused(name):
    path = FILES / "hostile" / name
    with pytest.raises(ArgumentError, match=REFUSED[name]) as caught:
        read_hdf5(path)
    assert str(caught.value).startswith(str(path))
    with pytest.raises(ArgumentError, match=REFUSED[name]):
        read_hdf5(path.read_bytes())


def test_every_hostile_file_has_its_row():
    assert {path.name for path in (FILES / "hostile").iterdir()} == set(REFUSED)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_models_say_which_file_is_wrong(name, tmp_path):
    model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(3)])
    path = tmp_path / "model.weights.h5"
    path.write_bytes((FILES / "hostile" / name).read_bytes())
    with pytest.raises(ArgumentError, match="model.weights.h5"):
        model.load_weights(path)


@pytest.mark.parametrize(
    "offset, value, message",
    [
        (8, b"\x09", "superblock version"),
        (13, b"\x04", "8 bytes"),
        (24, struct.pack("<Q", 512), "base address"),
        (40, struct.pack("<Q", 1 << 40), "truncated"),
        (48, struct.pack("<Q", 96), "driver information block"),
    ],
)
def test_superblocks_are_checked_before_the_library_sees_them(offset, value, message):
    content = bytearray((FILES / "sequential.weights.h5").read_bytes())
    content[offset : offset + len(value)] = value
    with pytest.raises(ArgumentError, match=message):
        read_hdf5(bytes(content))


def damaged(content, seed):
    """A copy that is cut, or has bytes changed, mostly where the structure is."""
    rng = random.Random(seed)
    if rng.randrange(4) == 0:
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 4, 20])):
        place = rng.randrange(len(changed) if rng.random() < 0.5 else min(len(changed), 4000))
        changed[place] = rng.choice([0, 0xFF, 0x7F, 0x80, changed[place] ^ (1 << rng.randrange(8)), rng.randrange(256)])
    return bytes(changed)


@pytest.mark.parametrize("name", ["sequential.weights.h5", "functional.h5", "bfloat16.weights.h5"])
def test_damaged_bytes_never_crash(name):
    content = (FILES / name).read_bytes()
    start = time.monotonic()
    refused = 0
    for seed in range(150):
        try:
            read_hdf5(damaged(content, seed))
        except ArgumentError:
            refused += 1
    assert refused > 30
    assert time.monotonic() - start < 120


@pytest.mark.slow
def test_many_damaged_bytes_never_crash():
    contents = [path.read_bytes() for path in sorted(FILES.glob("*.h5"))]
    for seed in range(3000):
        try:
            read_hdf5(damaged(contents[seed % len(contents)], seed))
        except ArgumentError:
            pass


def archive_with(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def good_members():
    with zipfile.ZipFile(FILES / "sequential.keras") as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "assets/../../up", "C:/x", "..\\up"])
def test_names_that_leave_an_archive_are_refused(tmp_path, name):
    path = archive_with(tmp_path / "m.keras", [*good_members(), (name, b"x")])
    with pytest.raises(ArgumentError, match="which leaves it"):
        gm.saving.load_model(path)


def test_zip_bombs_are_refused(tmp_path):
    # A header that declares more than deflate can expand to.
    path = archive_with(tmp_path / "m.keras", [*good_members(), ("assets/x", b"x" * 4000)])
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02")
    assert content[at + 24 : at + 28] == struct.pack("<I", 4000)
    path.write_bytes(content[: at + 24] + struct.pack("<I", 1 << 31) + content[at + 28 :])
    with pytest.raises(ArgumentError, match="sizes in proportion"):
        gm.saving.load_model(path)


def test_members_given_twice_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive_with(tmp_path / "m.keras", [*good_members(), good_members()[0]])
    with pytest.raises(ArgumentError, match="twice"):
        gm.saving.load_model(path)


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_incomplete_archives_are_refused(tmp_path, missing):
    path = archive_with(tmp_path / "m.keras", [each for each in good_members() if each[0] != missing])
    with pytest.raises(ArgumentError, match=f"expected {missing}"):
        gm.saving.load_model(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ArgumentError, match="a zip"):
        gm.saving.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_checksums_of_archives_are_verified(tmp_path, member):
    content = bytearray((FILES / "sequential.keras").read_bytes())
    with zipfile.ZipFile(FILES / "sequential.keras") as archive:
        content[archive.getinfo(member).header_offset + 2000] ^= 1
    (tmp_path / "m.keras").write_bytes(bytes(content))
    with pytest.raises(ArgumentError, match="CRC"):
        gm.saving.load_model(tmp_path / "m.keras")


def test_truncated_archives_are_refused(tmp_path):
    content = (FILES / "sequential.keras").read_bytes()
    for size in range(0, len(content), 997):
        (tmp_path / "m.keras").write_bytes(content[:size])
        with pytest.raises(ArgumentError):
            gm.saving.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("text", [b"{", b"[]", b"3", b"[" * 100000, b"\xff\xfe", b'{"class_name": "Dense"}'])
def test_damaged_configurations_are_refused(tmp_path, text):
    members = [(name, text if name == "config.json" else content) for name, content in good_members()]
    with pytest.raises(ArgumentError):
        gm.saving.load_model(archive_with(tmp_path / "m.keras", members))


@pytest.mark.parametrize(
    "config",
    [
        b'{"module": "os", "class_name": "system", "config": "true"}',
        b'{"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}',
        b'{"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}, "registered_name": null}',
    ],
)
def test_files_name_no_code_of_other_packages(tmp_path, config):
    members = [(name, config if name == "config.json" else content) for name, content in good_members()]
    with pytest.raises(ArgumentError):
        gm.saving.load_model(archive_with(tmp_path / "m.keras", members))


def test_code_in_files_is_not_run():
    with pytest.raises(UnsupportedError, match="never run"):
        gm.saving.load_model(FILES / "lambda.keras")
    with pytest.raises(ArgumentError, match="safe_mode=True"):
        gm.saving.load_model(FILES / "lambda.keras", safe_mode=False)


def test_good_archives_open():
    with open_archive(FILES / "sequential.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
