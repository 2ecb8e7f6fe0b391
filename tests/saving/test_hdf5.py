"""HDF5 files: what is written is what is read, here and by h5py."""

import os
import threading

import numpy as np
import pytest

import gradmill as gm
from gradmill.errors import ArgumentError
from gradmill.saving.hdf5 import Dataset, Group, Hdf5File, read_hdf5

DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split()


def array(dtype, shape=(3, 5)):
    count = np.arange(int(np.prod(shape))).reshape(shape)
    return (count % 2 if dtype == "bool" else count).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("storage", [{}, {"checksum": True}, {"checksum": True, "compression": 4}])
def test_arrays_round_trip(tmp_path, dtype, shape, storage):
    path = tmp_path / "x.h5"
    expected = array(dtype, shape)
    with Hdf5File(path, **storage) as file:
        file.write("/group/x", expected)
    found = read_hdf5(path).dataset("group/x")
    assert found.numpy().dtype == expected.dtype and found.shape == shape
    np.testing.assert_array_equal(found.numpy(), expected)
    from_bytes = read_hdf5(path.read_bytes()).dataset("group/x").numpy()
    np.testing.assert_array_equal(from_bytes, expected)


@pytest.mark.parametrize("order", ["strided", "fortran", "swapped"])
def test_any_memory_layout_is_written(tmp_path, order):
    base = np.arange(24, dtype="float32").reshape(4, 6)
    value = {"strided": base[:, ::2], "fortran": np.asfortranarray(base), "swapped": base.astype(">f4")}[order]
    with Hdf5File(tmp_path / "x.h5") as file:
        file.write("/x", value)
    np.testing.assert_array_equal(read_hdf5(tmp_path / "x.h5").dataset("x").numpy(), value)


def test_bfloat16_tensors_and_variables_keep_their_type(tmp_path):
    value = gm.ops.cast([[1.0, -2.5, 0.15625]], "bfloat16")
    with Hdf5File(tmp_path / "x.h5", checksum=True) as file:
        file.write("/tensor", value)
        file.write("/variable", gm.Variable(value, name="v"))
    for name in ("tensor", "variable"):
        found = read_hdf5(tmp_path / "x.h5").dataset(name)
        assert found.dtype == "bfloat16" and found.attributes == {"dtype": "bfloat16"}
        assert found.numpy().tolist() == [[1.0, -2.5, 0.15625]]


def test_attributes_round_trip(tmp_path):
    path = tmp_path / "x.h5"
    with Hdf5File(path) as file:
        file.make_group("/a/b")
        file.set_attribute("/", "text", "Größe")
        file.set_attribute("/a", "number", 3)
        file.set_attribute("/a/b", "numbers", np.array([1.5, 2.5]))
        file.set_texts("/a", "names", ["kernel", "", "bias"])
        file.set_texts("/a", "none", [])
    root = read_hdf5(path)
    assert root.attributes == {"text": "Größe"}
    assert root.group("a").attributes["number"] == 3
    assert root.group("a/b").attributes["numbers"].tolist() == [1.5, 2.5]
    assert root.group("a").texts("names") == ["kernel", "", "bias"]
    assert root.group("a").texts("none") == root.group("a").texts("missing") == []


@pytest.mark.parametrize("count, width", [(5000, 4), (700, 200), (2, 60000)])
def test_long_lists_of_names_are_cut_as_keras_does(tmp_path, count, width):
    names = [f"{i}".rjust(width, "n") for i in range(count)]
    with Hdf5File(tmp_path / "x.h5") as file:
        file.set_texts("/", "names", names)
    root = read_hdf5(tmp_path / "x.h5")
    assert "names" not in root.attributes and "names0" in root.attributes
    assert root.texts("names") == names


def test_h5py_reads_our_files(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "x.h5"
    names = [f"{i}".rjust(300, "n") for i in range(400)]
    with Hdf5File(path, checksum=True, compression=2) as file:
        for dtype in DTYPES:
            file.write(f"/values/{dtype}", array(dtype))
        file.set_attribute("/", "text", "Größe")
        file.set_texts("/", "names", ["a", "b"])
        file.set_texts("/", "long", names)
    with h5py.File(path, "r") as file:
        for dtype in DTYPES:
            np.testing.assert_array_equal(file[f"values/{dtype}"][...], array(dtype))
            assert file[f"values/{dtype}"].dtype == dtype and file[f"values/{dtype}"].fletcher32
        assert file.attrs["text"] == "Größe" and file.attrs["names"].tolist() == ["a", "b"]
        chunks = [file.attrs[f"long{i}"] for i in range(len([key for key in file.attrs if key.startswith("long")]))]
        assert [name.decode() for chunk in chunks for name in chunk] == names


@pytest.mark.parametrize("libver", ["earliest", ("v110", "v110")])
def test_we_read_files_of_h5py(tmp_path, libver):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for dtype in DTYPES:
            file.create_dataset(f"plain/{dtype}", data=array(dtype))
            file.create_dataset(f"packed/{dtype}", data=array(dtype), chunks=(2, 2), compression="gzip", shuffle=True)
        file["big"] = array("int32").astype(">i4")
        file["big_float"] = array("float32").astype(">f4")
        file.create_dataset("growing", data=array("float32"), maxshape=(None, 5), fletcher32=True)
        file.attrs["fixed"] = np.array([b"ab", b"c"])
        file.attrs["variable"] = ["ab", "c"]
        file.attrs["bytes"] = b"text"
        file.attrs["flag"] = True
        file.attrs["skipped"] = np.zeros(2, np.dtype([("a", "f4")]))
        file.attrs["empty"] = []
        for i in range(50):
            file.create_group(f"many/{i}")
    root = read_hdf5(path)
    for dtype in DTYPES:
        for group in ("plain", "packed"):
            np.testing.assert_array_equal(root.dataset(f"{group}/{dtype}").numpy(), array(dtype))
    np.testing.assert_array_equal(root.dataset("big").numpy(), array("int32"))
    np.testing.assert_array_equal(root.dataset("big_float").numpy(), array("float32"))
    np.testing.assert_array_equal(root.dataset("growing").numpy(), array("float32"))
    assert root.texts("fixed") == root.texts("variable") == ["ab", "c"] and root.attributes["bytes"] == "text"
    assert root.attributes["flag"].dtype == bool and root.texts("empty") == []
    assert "skipped" not in root.attributes and len(root.group("many").members) == 50


def test_files_without_values_have_shapes(tmp_path):
    with Hdf5File(tmp_path / "x.h5") as file:
        file.write("/a/x", np.zeros((2, 3)))
    found = read_hdf5(tmp_path / "x.h5", with_values=False)
    assert [(type(each), each.path) for each in found.walk()] == [(Group, "/"), (Group, "/a"), (Dataset, "/a/x")]
    assert found.dataset("a/x").shape == (2, 3)
    with pytest.raises(ArgumentError, match="read with its values"):
        found.dataset("a/x").numpy()


def test_values_outlive_the_file(tmp_path):
    with Hdf5File(tmp_path / "x.h5") as file:
        file.write("/x", np.arange(100000))
    value = read_hdf5(tmp_path / "x.h5").dataset("x").numpy()
    os.unlink(tmp_path / "x.h5")
    value += 1
    assert value[-1] == 100000


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.h5"
    with Hdf5File(path) as file:
        file.write("/x", np.arange(3))
    with pytest.raises(RuntimeError, match="stop"), Hdf5File(path) as file:
        file.write("/y", np.arange(3))
        raise RuntimeError("stop")
    assert list(read_hdf5(path).members) == ["x"]
    assert os.listdir(tmp_path) == ["x.h5"]


def test_wrong_uses_are_refused(tmp_path):
    with Hdf5File(tmp_path / "x.h5") as file:
        file.write("/x", np.arange(3))
        with pytest.raises(ArgumentError, match="new name"):
            file.write("/x", np.arange(3))
        with pytest.raises(ArgumentError, match="numbers or booleans"):
            file.write("/y", np.array(["text"]))
        with pytest.raises(ArgumentError, match="numbers or booleans"):
            file.write("/y", np.array([1 + 2j]))
        with pytest.raises(ArgumentError, match="path of a group or dataset"):
            file.set_attribute("/missing", "a", "b")
    root = read_hdf5(tmp_path / "x.h5")
    with pytest.raises(ArgumentError, match="expected a group 'x'; received a dataset"):
        root.group("x")
    with pytest.raises(ArgumentError, match="expected a dataset 'z'; received nothing"):
        root.dataset("z")


def test_what_the_system_refuses_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_hdf5(tmp_path / "missing.h5")
    assert caught.value.filename == str(tmp_path / "missing.h5")
    with pytest.raises(IsADirectoryError), Hdf5File(tmp_path):
        pass
    with pytest.raises(ArgumentError, match="received a folder"):
        read_hdf5(tmp_path)
    with pytest.raises(ArgumentError, match="device or pipe"):
        read_hdf5("/dev/zero")


def test_threads_may_read_and_write_at_once(tmp_path):
    errors = []

    def work(index):
        try:
            for turn in range(5):
                path = tmp_path / f"{index}.h5"
                with Hdf5File(path, checksum=True) as file:
                    file.write("/x", np.full((1000,), index + turn))
                assert (read_hdf5(path).dataset("x").numpy() == index + turn).all()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
