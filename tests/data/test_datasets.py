"""Data sets: where they are looked for, strict IDX files, downloads that resume, clear errors."""

import gzip
import hashlib
import http.server
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.datasets import mnist_files
from gradmill.datasets.idx import content_hash, read_idx
from gradmill.utils.download import download

SYSTEM_FASHION = "/usr/share/datasets/fashion-mnist"


def idx_bytes(array):
    """The IDX form of a uint8 array, written from the format's description."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.tobytes()


@pytest.fixture
def no_places(monkeypatch, tmp_path):
    """No data anywhere but in the test's folders, and no network."""
    monkeypatch.delenv("GRADMILL_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        mnist_files,
        "download",
        lambda url, path, *rest, **options: (_ for _ in ()).throw(OSError(f"no network: {url}")),
    )
    return tmp_path


def small_dataset(monkeypatch, folder, name="mnist"):
    """Write four small IDX files into `folder` and make the loader expect their shapes and contents."""
    generator = np.random.default_rng(3)
    arrays = {
        "train-images-idx3-ubyte": generator.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": generator.integers(0, 10, 6, dtype=np.uint8),
        "t10k-images-idx3-ubyte": generator.integers(0, 256, (4, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": generator.integers(0, 10, 4, dtype=np.uint8),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, array in arrays.items():
        (folder / f"{file_name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    hashes = {file_name: hashlib.sha256(idx_bytes(array)).hexdigest() for file_name, array in arrays.items()}
    monkeypatch.setattr(mnist_files, "SHAPES", {file_name: array.shape for file_name, array in arrays.items()})
    dataset = mnist_files.IdxDataset(name, "https://example.invalid/", hashes, (), "ask the author")
    return dataset, arrays


def assert_loaded(loaded, arrays):
    (x_train, y_train), (x_test, y_test) = loaded
    for found, expected in zip((x_train, y_train, x_test, y_test), arrays.values()):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.uint8


@pytest.mark.parametrize("packed", [False, True])
def test_idx_round_trip(tmp_path, packed):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = idx_bytes(array)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(read_idx(path, (2, 3, 4)), array)
    assert content_hash(path) == hashlib.sha256(content).hexdigest()


GOOD = idx_bytes(np.zeros((2, 3), np.uint8))


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "nothing"),
        (b"\x00\x00\x0d\x02" + GOOD[4:], "00 00 0d 02"),
        (b"\x01" + GOOD[1:], "magic"),
        (GOOD[:9], "header"),
        (GOOD[:-1], "expected 6 values; received 5"),
        (GOOD + b"!", "more than 6"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, "4 GiB"),
        (gzip.compress(GOOD)[:-9], "gzip"),
        (idx_bytes(np.zeros((3, 2), np.uint8)), "(2, 3)"),
        (idx_bytes(np.zeros(6, np.uint8)), "rank 2"),
    ],
)
def test_bad_idx_names_file_and_expectation(tmp_path, content, words):
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(content)
    with pytest.raises(gm.errors.ArgumentError) as failure:
        read_idx(path, (2, 3))
    assert words in str(failure.value) and str(path) in str(failure.value)


def test_path_environment_and_cache_are_searched_in_order(no_places, monkeypatch):
    given, named, cached = no_places / "given", no_places / "named", no_places / "cache/gradmill/datasets/mnist"
    dataset, arrays = small_dataset(monkeypatch, cached)
    assert_loaded(dataset.load(), arrays)
    for folder in (named / "mnist", given):
        small_dataset(monkeypatch, folder)
    monkeypatch.setenv("GRADMILL_DATA", str(named))
    (cached / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    assert_loaded(dataset.load(), arrays)
    (named / "mnist/t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    assert_loaded(dataset.load(given), arrays)
    with pytest.raises(gm.errors.ArgumentError, match="t10k-labels"):
        dataset.load()


def test_bare_files_of_another_data_set_are_passed_over(no_places, monkeypatch):
    dataset, _ = small_dataset(monkeypatch, no_places / "shared", "fashion_mnist")
    other = np.array([1, 2, 3, 4], np.uint8)
    (no_places / "shared/t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(other)))
    monkeypatch.setenv("GRADMILL_DATA", str(no_places / "shared"))
    with pytest.raises(gm.errors.ArgumentError, match="no network"):
        dataset.load()


def test_missing_everywhere_lists_all_places(no_places, monkeypatch):
    dataset, _ = small_dataset(monkeypatch, no_places / "elsewhere")
    monkeypatch.setenv("GRADMILL_DATA", str(no_places / "nothing"))
    with pytest.raises(gm.errors.ArgumentError) as failure:
        dataset.load()
    text = str(failure.value)
    for words in (str(no_places / "nothing"), str(no_places / "cache"), "https://example.invalid/", "ask the author"):
        assert words in text
    with pytest.raises(gm.errors.ArgumentError, match="train-images-idx3-ubyte"):
        dataset.load(no_places)


def test_npz(tmp_path):
    x, y = np.zeros((3, 28, 28), np.uint8), np.array([0, 9, 1], np.uint8)
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    assert_loaded(gm.datasets.mnist.load_data(path), {"a": x, "b": y, "c": x[:1], "d": y[:1]})
    assert_loaded(gm.datasets.mnist.load_data(tmp_path), {"a": x, "b": y, "c": x[:1], "d": y[:1]})
    np.savez(path, x_train=x, y_train=np.array([0, 10, 1], np.uint8), x_test=x[:1], y_test=y[:1])
    with pytest.raises(gm.errors.ArgumentError, match="10 at row 1"):
        gm.datasets.mnist.load_data(path)
    np.savez(path, x_train=x)
    with pytest.raises(gm.errors.ArgumentError, match="y_train"):
        gm.datasets.mnist.load_data(path)
    path.write_bytes(b"PK but not really")
    with pytest.raises(gm.errors.ArgumentError, match="npz"):
        gm.datasets.mnist.load_data(path)


class _RangeServer(http.server.BaseHTTPRequestHandler):
    """Serves `content`; the first answer is cut in the middle when `cut` is set."""

    content = b""
    cut = False
    ranges = []

    def do_GET(self):
        start = 0
        asked = self.headers.get("Range")
        type(self).ranges.append(asked)
        if asked:
            start = int(asked.split("=")[1].rstrip("-"))
        body = self.content[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).cut:
            type(self).cut = False
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    _RangeServer.content, _RangeServer.cut, _RangeServer.ranges = os.urandom(300_000), False, []
    running = http.server.HTTPServer(("127.0.0.1", 0), _RangeServer)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/file.bin"
    running.shutdown()
    running.server_close()


def test_download_goes_on_after_a_cut(server, tmp_path):
    _RangeServer.cut = True
    path = download(server, tmp_path / "file.bin", verbose=0)
    assert path.read_bytes() == _RangeServer.content
    assert _RangeServer.ranges == [None, "bytes=150000-"]
    assert [each.name for each in tmp_path.iterdir()] == ["file.bin"]


def test_download_refuses_wrong_content_and_size(server, tmp_path):
    wrong = "0" * 64
    with pytest.raises(gm.errors.ArgumentError, match=wrong):
        gm.utils.get_file(origin=server, file_hash=wrong, cache_dir=str(tmp_path))
    assert not any(each.is_file() for each in tmp_path.rglob("*"))
    with pytest.raises(gm.errors.ArgumentError, match="1000 bytes"):
        download(server, tmp_path / "large", largest=1000, verbose=0)
    assert not (tmp_path / "large").exists()


def test_get_file_fetches_once(server, tmp_path):
    digest = hashlib.sha256(_RangeServer.content).hexdigest()
    for _ in range(2):
        path = gm.utils.get_file(origin=server, file_hash=digest, cache_dir=str(tmp_path))
    assert len(_RangeServer.ranges) == 1
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest


def test_unreachable_server_says_so(tmp_path):
    with pytest.raises(OSError, match="could not fetch http://127.0.0.1:9/"):
        download("http://127.0.0.1:9/x", tmp_path / "x", verbose=0)


@pytest.mark.parametrize("module", ["mnist", "fashion_mnist"])
def test_synthetic_is_seeded(module):
    make = getattr(gm.datasets, module).synthetic
    (x, y), (x_test, y_test) = make(train=20, test=5, seed=1)
    assert x.shape == (20, 28, 28) and y.shape == (20,) and x_test.shape == (5, 28, 28) and y_test.shape == (5,)
    assert x.dtype == y.dtype == np.uint8 and y.max() < 10
    np.testing.assert_array_equal(x, make(train=20, test=5, seed=1)[0][0])
    assert not np.array_equal(x, make(train=20, test=5, seed=2)[0][0])
    with pytest.raises(gm.errors.ArgumentError, match="train"):
        make(train=0)


@pytest.mark.skipif(not os.path.isdir(SYSTEM_FASHION), reason="Debian's package dataset-fashion-mnist is not installed")
def test_real_fashion_mnist():
    dataset = gm.datasets.fashion_mnist._DATASET
    for name, digest in dataset.hashes.items():
        assert content_hash(mnist_files._idx_path(mnist_files.Path(SYSTEM_FASHION), name)) == digest
    (x_train, y_train), (x_test, y_test) = gm.datasets.fashion_mnist.load_data(SYSTEM_FASHION)
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    # The authors' description: 6,000 training and 1,000 test images of each class.
    np.testing.assert_array_equal(np.bincount(y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [1000] * 10)


@pytest.mark.skipif(not os.environ.get("GRADMILL_DATA"), reason="GRADMILL_DATA does not name a folder with MNIST")
def test_real_mnist():
    (x_train, y_train), (_, y_test) = gm.datasets.mnist.load_data(os.environ["GRADMILL_DATA"])
    assert x_train.shape == (60000, 28, 28)
    # Counts of the digits, and the first five labels, as published.
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9] and len(y_test) == 10000
