"""Data sets from folders and from series; what is marked "Keras" comes from Keras 3.15 on the same files."""

import numpy as np
import pytest
from PIL import Image

import gradmill as gm
from gradmill.utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array

# Keras: which files a split of 0.3 with seed 12 holds back, and which not.
KERAS_VALIDATION = [2, 1, 6]
KERAS_TRAINING = [0, 3, 4, 5, 7, 8, 9]


@pytest.fixture
def photos(tmp_path):
    """Ten images of one colour each: 0 to 6 in `ant`, 7 to 9 in `bee`."""
    for number in range(10):
        folder = tmp_path / ("ant" if number < 7 else "bee")
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (8, 6), (number, 2 * number, 3 * number)).save(folder / f"{number}.png")
    (tmp_path / "ant" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def reds(dataset):
    return [int(red) for images, *_ in dataset for red in np.asarray(images)[:, 0, 0, 0]]


def test_images_with_labels_in_order(photos, capsys):
    dataset = image_dataset_from_directory(photos, image_size=(4, 4), batch_size=4, shuffle=False)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\n"
    assert dataset.class_names == ["ant", "bee"] and len(dataset.file_paths) == 10 and len(dataset) == 3
    images, labels = next(iter(dataset))
    assert images.dtype == "float32" and tuple(images.shape) == (4, 4, 4, 3) and labels.dtype == "int32"
    np.testing.assert_array_equal(images[2], np.broadcast_to([2.0, 4.0, 6.0], (4, 4, 3)))
    assert reds(dataset) == list(range(10))
    assert [int(label) for _, labels in dataset for label in labels] == [0] * 7 + [1] * 3


def test_the_split_is_that_of_keras(photos, capsys):
    options = {"image_size": 2, "seed": 12, "validation_split": 0.3}
    training, validation = image_dataset_from_directory(photos, subset="both", **options)
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == ["Using 7 files for training.", "Using 3 files for validation."]
    options["verbose"] = False
    assert reds(validation) == KERAS_VALIDATION and sorted(reds(training)) == KERAS_TRAINING
    assert sorted(reds(image_dataset_from_directory(photos, subset="validation", **options))) == sorted(
        KERAS_VALIDATION
    )
    assert reds(training) != reds(training)


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({"label_mode": "categorical"}, [1.0, 0.0]),
        ({"label_mode": "binary"}, [0.0]),
        ({"labels": list(range(10, 20))}, 10),
        ({"class_names": ["bee", "ant"]}, 0),
    ],
)
def test_kinds_of_labels(photos, options, label):
    dataset = image_dataset_from_directory(photos, image_size=(2, 2), shuffle=False, verbose=False, **options)
    assert np.asarray(next(iter(dataset))[1])[0].tolist() == label


def test_images_alone_and_other_modes(photos):
    options = {"labels": None, "shuffle": False, "verbose": False, "batch_size": None}
    gray = next(iter(image_dataset_from_directory(photos, color_mode="grayscale", image_size=(4, 8), **options)))
    assert tuple(gray.shape) == (4, 8, 1)
    first = image_dataset_from_directory(photos, color_mode="rgba", data_format="channels_first", **options)
    assert tuple(next(iter(first)).shape) == (4, 256, 256)
    cropped = image_dataset_from_directory(photos, image_size=(6, 6), crop_to_aspect_ratio=True, **options)
    assert tuple(next(iter(cropped)).shape) == (6, 6, 3)


def test_training_on_a_folder(photos):
    dataset = image_dataset_from_directory(photos, image_size=(4, 4), batch_size=3, verbose=False)
    model = gm.Sequential([gm.layers.Flatten(), gm.layers.Dense(2)])
    model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert len(model.fit(dataset, epochs=2, verbose=0).history["loss"]) == 2


def test_a_broken_image_is_named(photos):
    (photos / "bee" / "8.png").write_bytes(b"no image at all")
    dataset = image_dataset_from_directory(photos, shuffle=False, verbose=False)
    with pytest.raises(gm.errors.ArgumentError, match=r"8\.png cannot be read as an image"):
        list(dataset)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"label_mode": "float"}, "label_mode"),
        ({"labels": "guessed"}, "labels must be"),
        ({"labels": [1, 2]}, "2 labels for 10 files"),
        ({"labels": None, "class_names": ["ant"]}, "class_names goes with"),
        ({"class_names": ["cat"]}, r"\['ant', 'bee'\]; received \['cat'\]"),
        ({"class_names": ["ant"], "label_mode": "binary"}, "needs two classes"),
        ({"validation_split": 0.2}, "go together"),
        ({"validation_split": 1.5, "subset": "both"}, "between 0 and 1"),
        ({"validation_split": 0.5, "subset": "training"}, "same seed"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "no validation files"),
        ({"color_mode": "cmyk"}, "color_mode"),
        ({"interpolation": "area"}, "interpolation"),
        ({"image_size": (3, 0)}, "image_size"),
        ({"data_format": "last"}, "data_format"),
        ({"directory": "nowhere"}, "must be a folder; received 'nowhere'"),
    ],
)
def test_wrong_options(photos, options, words):
    with pytest.raises(gm.errors.ArgumentError, match=words):
        image_dataset_from_directory(**{"directory": photos, "verbose": False, **options})


def test_texts(tmp_path):
    for folder, text in (("neg", "bad"), ("pos", "very good")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(text)
    texts, labels = next(iter(text_dataset_from_directory(tmp_path, shuffle=False, max_length=4, verbose=False)))
    assert texts.tolist() == [b"bad", b"very"] and labels.numpy().tolist() == [0, 1]
    with pytest.raises(gm.errors.ArgumentError, match="max_length"):
        text_dataset_from_directory(tmp_path, max_length=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(gm.errors.ArgumentError, match="found no files"):
        text_dataset_from_directory(tmp_path / "empty", labels=None, verbose=False)


SERIES = np.arange(20.0).reshape(10, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"sequence_length": 3},
        {"sequence_length": 3, "sequence_stride": 2},
        {"sequence_length": 3, "sampling_rate": 2, "batch_size": 3},
        {"sequence_length": 2, "start_index": 3, "end_index": 8},
        {"sequence_length": 2, "batch_size": None},
    ],
)
@pytest.mark.parametrize("targets", [None, np.arange(10), np.arange(4)])
def test_windows_over_a_series(options, targets):
    """Against slices taken by hand."""
    length, stride = options["sequence_length"], options.get("sequence_stride", 1)
    rate, part = options.get("sampling_rate", 1), slice(options.get("start_index"), options.get("end_index"))
    data, wanted = SERIES[part], None if targets is None else targets[part]
    if wanted is not None and not len(wanted):
        pytest.skip("no targets are left")
    windows = [data[i : i + length * rate : rate] for i in range(0, len(data), stride)]
    windows = [window for window in windows if len(window) == length]
    if wanted is not None:
        windows = windows[: -(-len(wanted) // stride)]
    dataset = timeseries_dataset_from_array(SERIES, targets, **options)
    if options.get("batch_size", 128) is not None:
        dataset = dataset.unbatch()
    found = list(dataset.as_numpy_iterator())
    if targets is None:
        np.testing.assert_array_equal(found, windows)
        return
    np.testing.assert_array_equal([window for window, _ in found], windows)
    np.testing.assert_array_equal([target for _, target in found], wanted[::stride][: len(windows)])


def test_shuffled_windows():
    dataset = timeseries_dataset_from_array(np.arange(50), None, 2, shuffle=True, seed=4, batch_size=None)
    first, second = ([int(window[0]) for window in dataset] for _ in range(2))
    assert first != second and sorted(first) == sorted(second) == list(range(49))
    for options in ({"sequence_length": 60}, {"sequence_length": 0}, {"sequence_length": 2, "start_index": 50}):
        with pytest.raises(gm.errors.ArgumentError):
            timeseries_dataset_from_array(np.arange(50), None, **options)


@pytest.fixture
def table(tmp_path):
    (tmp_path / "a.csv").write_text('path,size,label,big,gap\nx.png,1.5,0,3000000000,1\n"y, z.png",2,1,1,\n')
    (tmp_path / "b.csv").write_text("path,size,label,big,gap\nw.png,-1e3,1,2,3\n\n")
    return str(tmp_path / "*.csv")


def test_tables(table):
    dataset = gm.data.make_csv_dataset(table, 2, label_name="label", num_epochs=1, shuffle=False)
    (first, labels), (second, _) = list(dataset)
    assert first["path"].tolist() == [b"x.png", b"y, z.png"] and labels.numpy().tolist() == [0, 1]
    assert list(first) == ["path", "size", "big", "gap"]
    assert [first[name].dtype for name in ("size", "big", "gap")] == ["float32", "int64", "int32"]
    assert first["gap"].numpy().tolist() == [1, 0] and second["size"].numpy().tolist() == [-1000.0]
    endless = gm.data.make_csv_dataset(table, 2, select_columns=["size"], shuffle_seed=1)
    assert int(endless.cardinality()) == gm.data.INFINITE_CARDINALITY and list(next(iter(endless))) == ["size"]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,b\n1,2\n3\n", {}, "line 3: expected 2 fields; received 1"),
        ("a,b\n", {}, "no rows"),
        ("", {}, "give column_names"),
        ("a,b\n1,2\n", {"label_name": "c"}, "no column 'c' among"),
        ("a,b\n1,2\n", {"label_name": "a", "select_columns": ["b"]}, "no column 'a'"),
        ("a,b\n1,2\n", {"batch_size": 0}, "batch_size"),
        ("a,b\n1,2\n", {"file_pattern": "nowhere*"}, "no file matches"),
    ],
)
def test_wrong_tables(tmp_path, text, options, words):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(gm.errors.ArgumentError, match=words):
        gm.data.make_csv_dataset(**{"file_pattern": str(tmp_path / "t.csv"), "batch_size": 2, **options})
