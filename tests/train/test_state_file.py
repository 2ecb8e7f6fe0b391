"""State files: what goes in comes out, of the same types; other programs can read the arrays."""

import random

import numpy as np
import pytest

import gradmill as gm
from gradmill.saving.safetensors import read_safetensors, write_safetensors
from gradmill.utils.state_file import read_state, write_state

STATES = {
    "plain": {"n": None, "yes": True, "big": 2**70, "inf": float("inf"), "text": "a\nb", "raw": b"\xff", "e": ()},
    "ints": {"list": list(range(40)), "tuple": tuple(range(40)), "short": [1, 2], "large": [2**80] * 20},
    "mixed": [1, True, *range(30)],
    "python": random.Random(3).getstate(),
    "rows": [(np.float32(i), np.full(3, i), (i, b"x")) for i in range(30)],
    "ragged": [np.arange(i % 3) for i in range(20)],
    "path": {"a/b": {"c": np.zeros(2)}, "a": {"b/c": np.ones(2)}},
    "texts": np.array([[b"a", b"bc"]], dtype=object),
}


def same(one, other):
    if isinstance(one, dict):
        return type(other) is dict and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (np.ndarray, np.generic)):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("name", STATES)
def test_a_state_comes_back(tmp_path, name):
    write_state(tmp_path / "state", STATES[name])
    assert same(STATES[name], read_state(tmp_path / "state"))


@pytest.mark.parametrize("kind", ["?", "u1", "i8", ">i4", "f2", "<f4", ">f8"])
def test_arrays_are_those_of_a_safetensors_file(tmp_path, kind):
    arrays = {"x": np.arange(12).reshape(3, 4).astype(kind).T, "none": np.zeros((0, 2), kind), "one": np.ones((), kind)}
    with open(tmp_path / "file", "wb") as file:
        write_safetensors(file, arrays)
    found = read_safetensors(tmp_path / "file")
    assert sorted(found) == sorted(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.dtype(kind).newbyteorder("=")


def test_what_no_file_holds(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        with pytest.raises(gm.errors.ArgumentError, match="'x' of complex64"):
            write_safetensors(file, {"x": np.zeros(2, "complex64")})
        write_safetensors(file, {"x": np.zeros(2)}, checksum=True)
    with pytest.raises(gm.errors.DamagedFileError, match="another kind of safetensors file"):
        read_state(tmp_path / "file")
