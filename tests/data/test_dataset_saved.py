"""`Dataset.save` and `Dataset.load`: elements in a folder, whole or not there."""

import os
import subprocess
import sys

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset
NUMBERS = Dataset.range(30).map(lambda x: {"a": x, "b": (gm.ops.cast(x, "float32") * gm.ops.ones((2, 3)),)})


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_what_was_saved_is_loaded(tmp_path, compression):
    NUMBERS.save(tmp_path / "d", compression)
    loaded = Dataset.load(str(tmp_path / "d"))
    assert loaded.element_spec == NUMBERS.element_spec
    assert len(loaded) == 30
    for _ in range(2):
        for found, expected in zip(loaded.as_numpy_iterator(), NUMBERS.as_numpy_iterator(), strict=True):
            np.testing.assert_array_equal(found["a"], expected["a"])
            np.testing.assert_array_equal(found["b"][0], expected["b"][0])
    batches = list(loaded.shuffle(30, seed=1).batch(8))
    assert sorted(np.concatenate([batch["a"] for batch in batches]).tolist()) == list(range(30))


def test_text_and_elements_of_several_sizes(tmp_path):
    spec = gm.TensorSpec((None,), "float32"), gm.TensorSpec((), "string")
    source = Dataset.from_generator(lambda: ((np.ones(n), f"n {n}") for n in range(4)), output_signature=spec)
    source.save(tmp_path)
    loaded = Dataset.load(tmp_path, element_spec=spec)
    assert loaded.element_spec == spec
    assert [(len(x), text) for x, text in loaded.as_numpy_iterator()] == [(n, b"n %d" % n) for n in range(4)]


def test_none_at_all(tmp_path):
    Dataset.range(0).save(tmp_path)
    assert list(Dataset.load(tmp_path)) == []
    assert Dataset.load(tmp_path).element_spec == gm.TensorSpec((), "int64")


def test_the_next_one_replaces_it_and_a_failed_one_does_not(tmp_path):
    Dataset.range(5).save(tmp_path)
    Dataset.range(3).save(tmp_path)
    names = sorted(os.listdir(tmp_path))
    assert [name.split("-")[0] for name in names] == ["elements.data", "elements.index"]
    with pytest.raises(ZeroDivisionError):
        Dataset.range(-5, 5).map(lambda x: 1 // int(x)).save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == names
    assert [int(x) for x in Dataset.load(tmp_path)] == [0, 1, 2]


def test_another_process_reads_it(tmp_path):
    Dataset.range(4).save(tmp_path)
    script = "import sys, gradmill as gm\nprint([int(x) for x in gm.data.Dataset.load(sys.argv[1])])"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 1, 2, 3]"


def test_the_user_says_how_to_read(tmp_path):
    Dataset.range(4).save(tmp_path, shard_func=lambda x: x % 2)
    loaded = Dataset.load(tmp_path, reader_func=lambda parts: parts.interleave(lambda part: part.map(lambda x: x + 1)))
    assert [int(x) for x in loaded] == [1, 2, 3, 4]


def data_file(folder):
    return next(entry for entry in folder.iterdir() if ".data-" in entry.name)


def test_damage_is_named(tmp_path):
    Dataset.range(4).save(tmp_path)
    file = data_file(tmp_path)
    content = bytearray(file.read_bytes())
    content[17] ^= 1
    file.write_bytes(content)
    with pytest.raises(gm.errors.DamagedFileError, match=r"elements\.index: .*other bytes for element 2"):
        list(Dataset.load(tmp_path))
    file.unlink()
    with pytest.raises(gm.errors.DamagedFileError, match=r"elements\.index: .*No such file"):
        Dataset.load(tmp_path)
    (tmp_path / "elements.index").write_bytes(b"other")
    with pytest.raises(gm.errors.DamagedFileError, match=r"elements\.index"):
        Dataset.load(tmp_path)


def test_a_cache_is_no_saved_data_set(tmp_path):
    list(Dataset.range(4).cache(str(tmp_path / "elements")))
    with pytest.raises(gm.errors.DamagedFileError, match="no spec of its elements"):
        Dataset.load(tmp_path)


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a folder that Dataset\.save wrote.*nothing"):
        Dataset.load(tmp_path / "nothing")
    Dataset.range(4).save(tmp_path)
    with pytest.raises(gm.errors.ArgumentError, match="has elements of .*int64.* received element_spec=.*int32"):
        Dataset.load(tmp_path, gm.TensorSpec((), "int32"))
    with pytest.raises(gm.errors.ArgumentError, match="save: expected a data set with an end"):
        Dataset.range(4).repeat().save(tmp_path)
    with pytest.raises(gm.errors.ArgumentError, match="compression must be 'GZIP' or None; received 'LZ4'"):
        Dataset.range(4).save(tmp_path, "LZ4")
    with pytest.raises(gm.errors.UnsupportedError, match="wait=False"):
        Dataset.load(tmp_path, wait=True)
