"""`cache(filename)`: elements in files, whole or not there."""

import os
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset


class Source:
    """Elements of several kinds, made once for each call."""

    def __init__(self, count=20):
        self.made = 0
        self.count = count

    def __call__(self):
        for number in range(self.count):
            self.made += 1
            details = np.int64(number), f"text {number}", np.uint8(number % 3)
            yield {"x": np.full((3, 1), number, "float32"), "n": details}

    def dataset(self, path):
        text = gm.TensorSpec((), "string")
        numbers = gm.TensorSpec((), "int64"), text, gm.TensorSpec((), "uint8")
        signature = {"x": gm.TensorSpec((3, 1), "float32"), "n": numbers}
        return Dataset.from_generator(self, output_signature=signature).cache(path)


def listed(dataset):
    return [
        (element["x"].tolist(), element["x"].dtype, *element["n"], *(type(part) for part in element["n"]))
        for element in dataset.as_numpy_iterator()
    ]


def test_what_lies_before_is_called_once(tmp_path):
    source, path = Source(), tmp_path / "folder" / "cache"
    expected = listed(Source().dataset(""))
    dataset = source.dataset(path)
    assert listed(dataset) == listed(dataset) == expected
    assert listed(source.dataset(str(path))) == listed(source.dataset(os.fsencode(path))) == expected
    assert source.made == 20
    names = sorted(name.split("-")[0] for name in os.listdir(path.parent))
    assert names == ["cache.data", "cache.index"]


def test_another_process_reads_it(tmp_path):
    path = tmp_path / "c"
    list(Dataset.range(5).map(lambda v: v * 2).cache(path))
    script = (
        "import sys, gradmill as gm\n"
        "def fail():\n    raise RuntimeError('called again')\n    yield 0\n"
        "spec = gm.TensorSpec((), 'int64')\n"
        "data = gm.data.Dataset.from_generator(fail, output_signature=spec).cache(sys.argv[1])\n"
        "print([int(v) for v in data])"
    )
    command = [sys.executable, "-c", script, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[0, 2, 4, 6, 8]"


def test_shuffle_repeat_batch_and_fit(tmp_path):
    x = np.random.default_rng(0).random((30, 3)).astype("float32")

    def run(path):
        gm.utils.set_random_seed(0)
        model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
        model.compile("sgd", "mse")
        mapped = Dataset.from_tensor_slices((x, x.sum(1))).map(lambda a, b: (a * 2, b))
        return model.fit(mapped.cache(path).shuffle(30, seed=1).batch(8), epochs=3, verbose=0).history["loss"]

    assert run(tmp_path / "a") == run("") == run(tmp_path / "a")


def test_functions_behind_the_files(tmp_path):
    for _ in range(2):
        dataset = Dataset.range(6).map(lambda v: v + 1).cache(tmp_path / "c")
        large = dataset.map(lambda v: v * v, num_parallel_calls=2).filter(lambda v: v > 5)
        assert [int(v) for v in large] == [9, 16, 25, 36]


def test_elements_of_several_shapes_and_none(tmp_path):
    dataset = Dataset.range(1, 5).map(lambda n: gm.ops.ones((int(n), 2), "float16")).cache(tmp_path / "c")
    for _ in range(2):
        assert [x.shape for x in dataset.as_numpy_iterator()] == [(n, 2) for n in range(1, 5)]
    assert [x.shape for x in dataset.padded_batch(2).as_numpy_iterator()] == [(2, 2, 2), (2, 4, 2)]
    empty = Dataset.range(0).map(lambda v: v).cache(tmp_path / "empty")
    assert list(empty) == list(empty) == []


def test_an_unfinished_pass_leaves_nothing_and_is_made_anew(tmp_path):
    source = Source()
    iterator = iter(source.dataset(tmp_path / "c"))
    for _ in range(5):
        next(iterator)
    assert not (tmp_path / "c.index").exists()
    iterator.close()
    assert os.listdir(tmp_path) == []
    assert len(listed(source.dataset(tmp_path / "c"))) == 20
    assert source.made == 25


def test_two_readers_of_one_first_pass(tmp_path):
    source = Source()
    dataset = source.dataset(tmp_path / "c")
    pairs = [(int(a["n"][0]), int(b["n"][0])) for a, b in Dataset.zip((dataset, dataset.skip(2)))]
    assert pairs == [(number, number + 2) for number in range(18)]
    found = []
    threads = [threading.Thread(target=lambda: found.append(listed(dataset))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [listed(Source().dataset(""))] * 3


def test_a_position_is_taken_up_again(tmp_path):
    def make(name):
        return Dataset.range(20).map(lambda v: v).cache(name and tmp_path / name).repeat(2)

    for passed in (7, 27):
        whole = [int(v) for v in make("")]
        iterator = iter(make(str(passed)))
        assert [int(next(iterator)) for _ in range(passed)] == whole[:passed]
        state = iterator.get_state()
        iterator.close()
        again = iter(make(str(passed)))
        again.set_state(state)
        assert [int(v) for v in again] == whole[passed:]


def test_damage_is_found(tmp_path):
    list(Dataset.range(5).map(lambda v: v).cache(tmp_path / "c"))
    (data,) = tmp_path.glob("c.data-*")
    content = bytearray(data.read_bytes())
    content[17] ^= 1
    data.write_bytes(content)
    with pytest.raises(gm.errors.DamagedFileError, match=r"c\.index.*element 2.*delete"):
        list(Dataset.range(5).cache(tmp_path / "c"))
    data.unlink()
    with pytest.raises(gm.errors.DamagedFileError, match="delete"):
        list(Dataset.range(5).cache(tmp_path / "c"))
    index = tmp_path / "c.index"
    index.write_bytes(index.read_bytes()[:-9])
    with pytest.raises(gm.errors.DamagedFileError, match=r"c\.index"):
        list(Dataset.range(5).cache(tmp_path / "c"))
    index.unlink()
    assert [int(v) for v in Dataset.range(3).cache(tmp_path / "c")] == [0, 1, 2]


def test_bad_file_names(tmp_path):
    with pytest.raises(gm.errors.ArgumentError, match="cache: filename must be a path; received a int"):
        Dataset.range(3).cache(3)
    pathlib.Path(tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        list(Dataset.range(3).cache(tmp_path / "file" / "c"))
