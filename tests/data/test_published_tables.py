"""Data sets of words and of houses: what Keras makes of the same files, and files that are something else."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import published_tables
import pytest

import gradmill as gm
from gradmill.datasets import npz_file
from gradmill.datasets.pickled_batch import read_pickled_lists

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/data/published_tables.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("published")
    published_tables.write_files(made)
    return made


@pytest.mark.parametrize("name, number", [(name, i) for name in GOLDEN for i in range(len(GOLDEN[name]))])
def test_data_are_those_of_keras(folder, name, number):
    loaded = getattr(gm.datasets, name).load_data(path=folder, **published_tables.CALLS[name][number])
    found = published_tables.plain(loaded)
    if name.endswith("housing"):
        found = [[len(x), x[:2], y[:2]] for x, y in found]
    assert found == GOLDEN[name][number]


def test_sequences_are_arrays_of_lists_also_when_all_are_equally_long(tmp_path):
    same = np.empty(4, object)
    same[:] = [[1, 2], [3, 4], [5, 6], [7, 8]]
    np.savez(tmp_path / "imdb.npz", x_train=same, y_train=np.zeros(4), x_test=same, y_test=np.zeros(4))
    (x_train, _), _ = gm.datasets.imdb.load_data(tmp_path)
    assert x_train.shape == (4,) and all(isinstance(each, list) and len(each) == 3 for each in x_train)
    assert gm.utils.pad_sequences(x_train, maxlen=5).shape == (4, 5)


def test_places_are_searched_and_named(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADMILL_DATA", str(folder))
    assert len(gm.datasets.boston_housing.load_data()[0][0]) == 18
    monkeypatch.setenv("GRADMILL_DATA", str(tmp_path / "nothing"))

    def refuse(url, path, *rest, **options):
        raise OSError(f"no network: {url}")

    monkeypatch.setattr(npz_file, "download", refuse)
    with pytest.raises(gm.errors.ArgumentError, match="boston_housing.npz.*\n.*GRADMILL_DATA(.*\n)*.*no network"):
        gm.datasets.boston_housing.load_data()
    with pytest.raises(gm.errors.ArgumentError, match="is not there"):
        gm.datasets.boston_housing.load_data(tmp_path / "else.npz")


def test_a_download_is_checked_and_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GRADMILL_DATA", raising=False)
    monkeypatch.setattr(npz_file, "_ORIGIN", folder.as_uri() + "/")
    with pytest.raises(gm.errors.ArgumentError, match="expected sha256"):
        gm.datasets.california_housing.load_data()
    assert not list(tmp_path.rglob("california_housing*"))


def test_word_index(tmp_path):
    (tmp_path / "imdb_word_index.json").write_text('{"the": 1, "film": 17}')
    assert gm.datasets.imdb.get_word_index(tmp_path) == {"the": 1, "film": 17}
    (tmp_path / "reuters_word_index.json").write_text('["the"]')
    with pytest.raises(gm.errors.ArgumentError, match="table of words"):
        gm.datasets.reuters.get_word_index(tmp_path)
    names = gm.datasets.reuters.get_label_names()
    assert len(names) == 46 and names[3] == "earn" and len(set(names)) == 46


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"num_words": 0}, "num_words"), ({"skip_top": -1}, "skip_top"), ({"maxlen": 1}, "maxlen"),
        ({"index_from": "a"}, "index_from"),
    ],
)  # fmt: skip
def test_bad_arguments(folder, arguments, words):
    with pytest.raises(gm.errors.ArgumentError, match=words):
        gm.datasets.imdb.load_data(folder, **arguments)


def test_unknown_arguments(folder):
    with pytest.raises(TypeError, match="words_num"):
        gm.datasets.imdb.load_data(folder, words_num=3)
    with pytest.raises(gm.errors.ArgumentError, match="test_split"):
        gm.datasets.reuters.load_data(folder, test_split=1.0)
    with pytest.raises(gm.errors.ArgumentError, match="version"):
        gm.datasets.california_housing.load_data("medium", folder)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_lists_of_every_protocol(protocol):
    texts = published_tables.texts(30, 3)
    texts[1] = [0, 255, 256, 65535, 65536, -1, 2**31, 2**40]
    texts[2] = []
    found = read_pickled_lists(pickle.dumps(texts, protocol), "file")
    assert found.dtype == object and found.tolist() == texts.tolist()


class _Harmful:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("value", [_Harmful(), [1], {"a": 1}, np.array([[1.5], "a"], object), np.array([{}], object)])
def test_other_pickles_are_refused(value, tmp_path, capsys):
    content = pickle.dumps(value, 4)
    with pytest.raises(gm.errors.ArgumentError, match="lists of integers"):
        read_pickled_lists(content, "file")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (2,)})
    with zipfile.ZipFile(tmp_path / "reuters.npz", "w") as archive:
        for name in ("x", "y"):
            archive.writestr(f"{name}.npy", header.getvalue() + content)
    with pytest.raises(gm.errors.ArgumentError, match="lists of integers"):
        gm.datasets.reuters.load_data(tmp_path)
    assert "run" not in capsys.readouterr().out


def test_damaged_files(folder, tmp_path):
    content = (folder / "imdb.npz").read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 30):
        (tmp_path / "imdb.npz").write_bytes(content[:size])
        with pytest.raises(gm.errors.ArgumentError, match="damaged"):
            gm.datasets.imdb.load_data(tmp_path)
    texts = pickle.dumps(published_tables.texts(5, 0), 2)
    for size in range(len(texts) - 1):
        with pytest.raises(gm.errors.ArgumentError):
            read_pickled_lists(texts[:size], "file")
    np.savez(tmp_path / "reuters.npz", x=np.zeros(3))
    with pytest.raises(gm.errors.ArgumentError, match=r"missing \['y'\]"):
        gm.datasets.reuters.load_data(tmp_path)
