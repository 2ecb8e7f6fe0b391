"""CIFAR-10 and CIFAR-100: both published versions, folders and archives, and files that are something else."""

import dataclasses
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.datasets import cifar10, cifar100, cifar_files
from gradmill.datasets.pickled_batch import read_pickled_batch

ROWS = 4
PARTS = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


def make_parts():
    """Images as planes and labels of the six files."""
    generator = np.random.default_rng(11)
    return {
        part: (generator.integers(0, 256, (ROWS, 3072), np.uint8), generator.integers(0, 10, ROWS, np.uint8))
        for part in PARTS
    }


def binary(planes, labels):
    """The binary version, from its description: one label byte, then the three planes of a row."""
    return b"".join(bytes([label]) + plane.tobytes() for plane, label in zip(planes, labels))


def text(value):
    return b"U" + bytes([len(value)]) + value.encode() if len(value) < 256 else b"T" + struct.pack("<i", len(value))


def pickled(planes, labels, name="training batch"):
    """A batch as Python 2 pickled it with protocol 2, instruction by instruction (see `pickletools`)."""
    rows, columns = planes.shape
    content = planes.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85" + text("b") + b"\x87Rq\x06("
        b"K\x01" + b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86q\x07"
        b"cnumpy\ndtype\nq\x08" + text("u1") + b"K\x00K\x01\x87q\tRq\n(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", len(content)) + content + b"tb"
    )
    files = b"(" + b"".join(text(f"image_s_{i:06}.png") + b"r" + struct.pack("<I", 300 + i) for i in range(rows)) + b"e"
    numbers = b"(" + b"".join(b"K" + bytes([int(label)]) for label in labels) + b"e"
    entries = (
        text("batch_label") + b"q\x02" + text(name) + b"q\x03" + text("labels") + b"]q\x0b" + numbers
        + text("data") + array + text("filenames") + b"]q\x0c" + files
    )  # fmt: skip
    return b"\x80\x02}q\x01(" + entries + b"u."


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.setattr(cifar10, "FILES", dataclasses.replace(cifar10.FILES, rows=dict.fromkeys(PARTS, ROWS)))
    return make_parts()


@pytest.fixture
def no_places(monkeypatch, tmp_path):
    """No data anywhere but in the test's folders, and no network."""
    monkeypatch.delenv("GRADMILL_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(url, path, *rest, **options):
        raise OSError(f"no network: {url}")

    monkeypatch.setattr(cifar_files, "download", refuse)
    return tmp_path


def write_folder(folder, parts, ending=".bin", form=binary):
    folder.mkdir(parents=True, exist_ok=True)
    for part, arrays in parts.items():
        (folder / f"{part}{ending}").write_bytes(form(*arrays))


def write_archive(path, parts, ending, form):
    with tarfile.open(path, "w:gz") as archive:
        folder = tarfile.TarInfo("cifar-10-batches")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for part, arrays in parts.items():
            content = form(*arrays)
            member = tarfile.TarInfo(f"cifar-10-batches/{part}{ending}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def assert_loaded(loaded, parts):
    (x_train, y_train), (x_test, y_test) = loaded
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    assert x_train.shape == (5 * ROWS, 32, 32, 3) and y_train.shape == (5 * ROWS, 1)
    assert x_test.shape == (ROWS, 32, 32, 3) and y_test.shape == (ROWS, 1)
    planes, labels = parts["data_batch_2"]
    for channel in range(3):
        plane = planes[1, 1024 * channel : 1024 * (channel + 1)].reshape(32, 32)
        np.testing.assert_array_equal(x_train[ROWS + 1, :, :, channel], plane)
    np.testing.assert_array_equal(y_train[ROWS : 2 * ROWS, 0], labels)
    np.testing.assert_array_equal(y_test[:, 0], parts["test_batch"][1])
    assert x_train.flags.c_contiguous


@pytest.mark.parametrize("ending, form", [(".bin", binary), ("", pickled)], ids=["binary", "python"])
def test_folder_and_archive_of_both_versions(tmp_path, parts, ending, form):
    write_folder(tmp_path / "plain", parts, ending, form)
    write_folder(tmp_path / "outer/cifar-10-batches-py", parts, ending, form)
    write_archive(tmp_path / "cifar-10-python.tar.gz", parts, ending, form)
    for path in (tmp_path / "plain", tmp_path / "outer", tmp_path / "cifar-10-python.tar.gz", tmp_path):
        assert_loaded(gm.datasets.cifar10.load_data(path), parts)


def test_places_are_searched_in_order(no_places, parts, monkeypatch):
    cached, named = no_places / "cache/gradmill/datasets", no_places / "named"
    cached.mkdir(parents=True)
    write_archive(cached / "cifar-10-binary.tar.gz", parts, ".bin", binary)
    assert_loaded(gm.datasets.cifar10.load_data(), parts)
    write_folder(named / "cifar-10-batches-bin", parts)
    (cached / "cifar-10-binary.tar.gz").write_bytes(b"damaged")
    monkeypatch.setenv("GRADMILL_DATA", str(named))
    assert_loaded(gm.datasets.cifar10.load_data(), parts)


def test_missing_everywhere_lists_all_places(no_places, monkeypatch):
    monkeypatch.setenv("GRADMILL_DATA", str(no_places / "nothing"))
    with pytest.raises(gm.errors.ArgumentError) as failure:
        gm.datasets.cifar10.load_data()
    for words in (str(no_places / "nothing"), str(no_places / "cache"), cifar10.FILES.url, "cifar-10-batches-py"):
        assert words in str(failure.value)
    with pytest.raises(gm.errors.ArgumentError, match="data_batch_1"):
        gm.datasets.cifar10.load_data(no_places)
    with pytest.raises(gm.errors.ArgumentError, match="no such folder"):
        gm.datasets.cifar10.load_data(no_places / "absent")


def test_download_is_checked_and_kept(no_places, parts, monkeypatch):
    def deliver(url, path, check, largest):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_archive(path, parts, ".bin", binary)
        check(path)

    monkeypatch.setattr(cifar_files, "download", deliver)
    with pytest.raises(gm.errors.ArgumentError, match="sha256"):
        gm.datasets.cifar10.load_data()
    monkeypatch.setattr(cifar_files, "check_hash", lambda path, expected: None)
    assert_loaded(gm.datasets.cifar10.load_data(), parts)


@pytest.mark.parametrize("cut", [1, 2000, 3 * 3073])
def test_truncated_binary_file(tmp_path, parts, cut):
    write_folder(tmp_path, parts)
    path = tmp_path / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(gm.errors.ArgumentError, match=f"data_batch_3: truncated: expected {4 * 3073} bytes"):
        gm.datasets.cifar10.load_data(tmp_path)


def test_truncated_archive(tmp_path, parts):
    path = tmp_path / "cifar-10-binary.tar.gz"
    write_archive(path, parts, ".bin", binary)
    whole = path.read_bytes()
    for size in (0, 20, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:size])
        with pytest.raises(gm.errors.ArgumentError, match="cifar-10-binary.tar.gz"):
            gm.datasets.cifar10.load_data(path)
    write_archive(path, {part: parts[part] for part in PARTS[:4]}, ".bin", binary)
    with pytest.raises(gm.errors.ArgumentError, match="data_batch_5.*test_batch"):
        gm.datasets.cifar10.load_data(path)


def test_wrong_label(tmp_path, parts):
    parts["test_batch"][1][2] = 10
    write_folder(tmp_path, parts)
    with pytest.raises(gm.errors.ArgumentError, match="test_batch: labels must lie in 0..9; received 10 at row 2"):
        gm.datasets.cifar10.load_data(tmp_path)


def test_every_cut_of_a_pickled_batch_is_an_error(parts):
    content = pickled(*parts["data_batch_1"])
    assert read_pickled_batch(content, "batch")["batch_label"] == b"training batch"
    for size in [*range(0, 400), *range(400, len(content), 997)]:
        with pytest.raises(gm.errors.ArgumentError, match="batch: expected a"):
            read_pickled_batch(content[:size], "batch")


def test_damaged_pickles_never_crash(parts):
    generator = np.random.default_rng(1)
    content = pickled(*parts["data_batch_1"])
    head = 330  # what is not pixels
    for _ in range(3000):
        damaged = bytearray(content)
        damaged[int(generator.integers(0, head))] = int(generator.integers(0, 256))
        try:
            read_pickled_batch(bytes(damaged), "batch")
        except gm.errors.ArgumentError as failure:
            assert "batch" in str(failure)


class _Harmful:
    def __reduce__(self):
        return os.system, ("echo run > /tmp/should-not-exist",)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"\x80\x02cos\nsystem\nU\x04echo\x85R.", "the name os.system"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "instruction"),
        (b"\x80\x02cnumpy\nndarray\n)R.", "a call of array type"),
        (b"\x80\x02}U\x01aK\x01s}b.", "a state for something"),
        (b"\x80\x02K\x01.", "pickled dictionary; received int"),
        (b"\x80\x06\x95", "protocol 6"),
        (b"(dp0\n.", "no pickle of a protocol"),
        (b"\x80\x02}h\x07.", "a reference to value 7"),
        (pickle.dumps(_Harmful(), 2), "system"),
        (pickle.dumps({"data": [1.5]}, 2), "instruction"),
    ],
)
def test_other_pickles_are_refused(content, words):
    with pytest.raises(gm.errors.ArgumentError) as failure:
        read_pickled_batch(content, "batch")
    assert words in str(failure.value)


def test_pickled_batch_of_another_shape(tmp_path, parts):
    write_folder(tmp_path, parts, "", pickled)
    (tmp_path / "test_batch").write_bytes(pickled(*(array[:3] for array in parts["test_batch"])))
    with pytest.raises(gm.errors.ArgumentError, match=r"test_batch: expected 4 images.*\(3, 3072\)"):
        gm.datasets.cifar10.load_data(tmp_path)
    (tmp_path / "test_batch").write_bytes(b"\x80\x02}(" + text("labels") + b"]" + text("fine_labels") + b"]u.")
    with pytest.raises(gm.errors.ArgumentError, match="fine_labels.*is this CIFAR-10"):
        gm.datasets.cifar10.load_data(tmp_path)


@pytest.mark.parametrize("form", ["binary", "python"])
def test_both_labels_of_cifar100(tmp_path, monkeypatch, form):
    monkeypatch.setattr(cifar100, "FILES", dataclasses.replace(cifar100.FILES, rows={"train": 5, "test": 3}))
    generator = np.random.default_rng(3)
    made = {}
    for part, rows in (("train", 5), ("test", 3)):
        planes = generator.integers(0, 256, (rows, 3072), np.uint8)
        coarse, fine = generator.integers(0, 20, rows), generator.integers(20, 100, rows)
        made[part] = (planes, coarse, fine)
        if form == "binary":  # two label bytes, then the planes
            content = b"".join(bytes([c, f]) + plane.tobytes() for c, f, plane in zip(coarse, fine, planes))
            (tmp_path / f"{part}.bin").write_bytes(content)
        else:
            entries = {b"data": planes, b"coarse_labels": coarse.tolist(), b"fine_labels": fine.tolist()}
            (tmp_path / part).write_bytes(pickle.dumps(entries, 2))
    for mode, place in (("fine", 2), ("coarse", 1)):
        (x_train, y_train), (x_test, y_test) = cifar100.load_data(mode, tmp_path)
        assert x_train.shape == (5, 32, 32, 3) and y_test.shape == (3, 1) and y_test.dtype == np.uint8
        np.testing.assert_array_equal(y_train[:, 0], made["train"][place])
        np.testing.assert_array_equal(y_test[:, 0], made["test"][place])
        np.testing.assert_array_equal(x_test[2, :, :, 1].ravel(), made["test"][0][2, 1024:2048])
    with pytest.raises(gm.errors.ArgumentError, match="label_mode"):
        cifar100.load_data("rough", tmp_path)
    with pytest.raises(gm.errors.ArgumentError, match="CIFAR-100.*cifar-100-python"):
        cifar100.load_data(path=tmp_path / "absent")


def test_synthetic_is_seeded():
    make = gm.datasets.cifar10.synthetic
    (x, y), (x_test, y_test) = make(train=20, test=5, seed=1)
    assert x.shape == (20, 32, 32, 3) and y.shape == (20, 1) and x_test.shape[0] == len(y_test) == 5
    assert x.dtype == y.dtype == np.uint8
    np.testing.assert_array_equal(x, make(train=20, test=5, seed=1)[0][0])


@pytest.mark.skipif(not os.environ.get("GRADMILL_DATA"), reason="GRADMILL_DATA does not name a folder with CIFAR-10")
def test_real_cifar10():
    if cifar10.FILES.find(Path(os.environ["GRADMILL_DATA"])) is None:
        pytest.skip("no CIFAR-10 in $GRADMILL_DATA")
    (x_train, y_train), (x_test, y_test) = gm.datasets.cifar10.load_data(os.environ["GRADMILL_DATA"])
    assert x_train.shape == (50000, 32, 32, 3) and x_test.shape == (10000, 32, 32, 3)
    # The authors' description: 5,000 training and 1,000 test images of each class.
    np.testing.assert_array_equal(np.bincount(y_train[:, 0]), [5000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test[:, 0]), [1000] * 10)
