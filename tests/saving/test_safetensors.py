"""Safetensors files: what the reader returns, and the files it refuses."""

import json
import math
import random

import numpy as np
import pytest

import gradmill as gm
from gradmill.errors import ArgumentError
from gradmill.saving.safetensors import read_safetensors


def file_bytes(header, content, length=None):
    """A file from its description: length of the header, header, values."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + content


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_every_dtype(tmp_path):
    arrays = {
        "BOOL": np.array([True, False]),
        "U8": np.array([0, 255], "u1"),
        "I8": np.array([-128, 127], "i1"),
        "U16": np.array([1, 65535], "<u2"),
        "I16": np.array([-2, 3], "<i2"),
        "U32": np.array([1, 2**32 - 1], "<u4"),
        "I32": np.array([[-1], [7]], "<i4"),
        "U64": np.array([2**63], "<u8"),
        "I64": np.array([-(2**40)], "<i8"),
        "F16": np.array([0.5, -2], "<f2"),
        "F32": np.array([[1.5, 2.5, 3.5]], "<f4"),
        "F64": np.array(1e300, "<f8"),
    }
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        header[name] = entry(name, list(array.shape), len(content), len(content) + array.nbytes)
        content += array.tobytes()
    header["BF16"] = entry("BF16", [2], len(content), len(content) + 4)
    # 1.0 and -3.5: the upper halves of their float32.
    content += bytes([0x80, 0x3F, 0x60, 0xC0])
    path = tmp_path / "all.safetensors"
    path.write_bytes(file_bytes(header, content))
    found = read_safetensors(path)
    assert found.pop("BF16").tolist() == [1.0, -3.5]
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype and found[name].shape == array.shape


def test_empty_files_and_arrays(tmp_path):
    path = tmp_path / "empty.safetensors"
    path.write_bytes(file_bytes({}, b""))
    assert read_safetensors(path) == {}
    path.write_bytes(file_bytes({"none": entry("F32", [0, 3], 0, 0)}, b""))
    assert read_safetensors(path)["none"].shape == (0, 3)


GOOD = {"a": entry("F32", [2], 0, 8), "b": entry("U8", [3], 8, 11)}


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "0 bytes"),
        (b"\x01\x02", "2 bytes"),
        (file_bytes(GOOD, bytes(10)), "10 bytes of values, of which the header describes 11"),
        (file_bytes(GOOD, bytes(12)), "12 bytes of values, of which the header describes 11"),
        (file_bytes(GOOD, bytes(11), length=10_000), "the header would take 10000"),
        (file_bytes(GOOD, bytes(11), length=2**63), "the header would take"),
        (file_bytes(b"[]", b""), "no JSON object"),
        (file_bytes(b'{"a":', b""), "no JSON"),
        (file_bytes(b'{"\xff": 1}', b""), "no JSON"),
        (file_bytes(b'{"a": %s}' % (b"[" * 100_000), b""), "no JSON"),
        (file_bytes(b'{"a": 1, "a": 2}', b""), "'a' twice"),
        (file_bytes({"a": 3}, b""), "an entry 'a' without"),
        (file_bytes({"a": {**entry("F32", [2], 0, 8), "more": 1}}, bytes(8)), "an entry 'a' without"),
        (file_bytes({"a": entry("F8", [2], 0, 2)}, bytes(2)), "dtype 'F8'"),
        (file_bytes({"a": entry("F32", [3], 0, 8)}, bytes(8)), "in 8 bytes"),
        (file_bytes({"a": entry("F32", [-2], 0, 8)}, bytes(8)), "of shape [-2]"),
        (file_bytes({"a": entry("F32", [2.0], 0, 8)}, bytes(8)), "of shape [2.0]"),
        (file_bytes({"a": entry("F32", [True, 2], 0, 8)}, bytes(8)), "of shape [True, 2]"),
        (file_bytes({"a": entry("F32", "2", 0, 8)}, bytes(8)), "of shape '2'"),
        (file_bytes({"a": entry("F32", [1] * 9, 0, 4)}, bytes(4)), "of shape [1, 1"),
        (file_bytes({"a": entry("U8", [2**31, 2**31, 4], 0, 2**64)}, bytes(8)), "of shape"),
        (file_bytes({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, bytes(6)), "where byte 4 follows"),
        (file_bytes({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 4, 6)}, bytes(6)), "where byte 2 follows"),
        (file_bytes({"a": entry("U8", [2], 8, 6)}, bytes(6)), "in -2 bytes"),
    ],
)
def test_bad_files_are_refused(tmp_path, content, words):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(gm.errors.ArgumentError) as failure:
        read_safetensors(path)
    assert words in str(failure.value) and str(path) in str(failure.value)


def test_changed_bytes_never_crash(tmp_path):
    generator = np.random.default_rng(0)
    whole = file_bytes(GOOD, bytes(range(11)))
    path = tmp_path / "changed.safetensors"
    for _ in range(500):
        changed = bytearray(whole)
        changed[int(generator.integers(0, len(whole)))] = int(generator.integers(0, 256))
        path.write_bytes(bytes(changed))
        try:
            read_safetensors(path)
        except gm.errors.ArgumentError:
            pass
    with pytest.raises(FileNotFoundError):
        read_safetensors(tmp_path / "absent")


def test_files_of_the_safetensors_package(tmp_path):
    library = pytest.importorskip("safetensors.numpy", reason="the package safetensors is not installed")
    arrays = {"x": np.arange(6, dtype="float32").reshape(2, 3), "y": np.array([1], "int64")}
    library.save_file(arrays, tmp_path / "theirs.safetensors")
    found = read_safetensors(tmp_path / "theirs.safetensors")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def random_header(rng):
    """Entries that fit their bytes, most of them with one thing changed."""
    header, position = {}, 0
    for number in range(rng.randrange(1, 5)):
        kind, size = rng.choice([("F32", 4), ("I64", 8), ("U8", 1), ("BF16", 2)])
        shape = [rng.randrange(4) for _ in range(rng.randrange(4))]
        end = position + size * math.prod(shape)
        header[f"part{number}"] = entry(kind, shape, position, end)
        position = end
    strange = [-1, 2**31, 2**61, 2**64, 1.5, True, None, "4", [], {}, [1], 10**400]
    if rng.random() < 0.9:
        chosen = header[rng.choice(sorted(header))]
        key = rng.choice(["dtype", "shape", "data_offsets", "more"])
        if isinstance(chosen.get(key), list) and chosen[key] and rng.random() < 0.7:
            chosen[key][rng.randrange(len(chosen[key]))] = rng.choice(strange)
        else:
            chosen[key] = rng.choice(strange)
    return header, position


def test_changed_headers_are_read_or_refused(tmp_path):
    path = tmp_path / "changed.safetensors"
    refused = 0
    for seed in range(600):
        rng = random.Random(seed)
        header, size = random_header(rng)
        content = bytearray(file_bytes(header, bytes(max(0, size + rng.choice([0, 0, 0, -1, 1])))))
        if rng.random() < 0.3:
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content[: rng.randrange(len(content))] if rng.random() < 0.1 else content)
        try:
            arrays = read_safetensors(path)
        except ArgumentError as error:
            assert str(error).startswith(str(path))
            refused += 1
        else:
            assert sum(each.nbytes for each in arrays.values()) <= 2 * len(content)
    assert 300 < refused < 600


@pytest.mark.parametrize("shape", [[0, 1 << 61], [1 << 31, 0, 1 << 31]])
def test_empty_arrays_of_impossible_shapes_are_refused(shape, tmp_path):
    path = tmp_path / "huge.safetensors"
    path.write_bytes(file_bytes({"none": entry("F32", shape, 0, 0)}, b""))
    with pytest.raises(ArgumentError, match="too large for any memory"):
        read_safetensors(path)
