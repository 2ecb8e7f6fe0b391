"""Images changed at random: what follows from the definitions, and what Keras makes of the same cases."""

import json

import image_cases
import numpy as np
import pytest
from live_keras import values_of_keras

import gradmill as gm
from gradmill import preprocessing
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError

image = preprocessing.image


@pytest.fixture(scope="module")
def of_keras(tmp_path_factory):
    return values_of_keras("image_cases", tmp_path_factory.mktemp("image"))


@pytest.mark.peers
@pytest.mark.parametrize("name", image_cases.CASES)
def test_as_keras(name, of_keras):
    found, expected = image_cases.value_of(name, preprocessing), of_keras[name]
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if found.dtype.kind == "U":
        assert json.loads(str(found)) == json.loads(str(expected))
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-4)


def test_a_quarter_turn():
    pixels = np.arange(25.0).reshape(5, 5, 1)
    found = image.apply_affine_transform(pixels, theta=90, row_axis=0, col_axis=1, channel_axis=2)
    np.testing.assert_allclose(found, np.rot90(pixels), atol=1e-12)


def test_a_shift_by_half_a_pixel():
    row = np.array([[[0.0], [4.0], [8.0]]])
    found = image.apply_affine_transform(row, tx=0.5, row_axis=0, col_axis=1, channel_axis=2, fill_mode="constant")
    np.testing.assert_allclose(found.ravel(), [2, 6, 0])


def test_the_same_seed_draws_the_same():
    generator = image.ImageDataGenerator(rotation_range=30, horizontal_flip=True)
    first, second = (generator.flow(image_cases.BATCH, batch_size=4, seed=9) for _ in range(2))
    for _ in range(7):
        np.testing.assert_array_equal(next(first), next(second))


def test_whitening_takes_correlation_away():
    pixels = np.random.default_rng(0).normal(size=(400, 2, 2, 1)) @ np.ones((1, 3))
    pixels[..., 1] *= 0.5
    pixels += np.random.default_rng(1).normal(size=pixels.shape) * 0.1
    with pytest.warns(UserWarning, match="zca_whitening needs featurewise_center=True"):
        generator = image.ImageDataGenerator(zca_whitening=True, dtype="float64")
    generator.fit(pixels)
    flat = generator.standardize(pixels.copy()).reshape(400, -1)
    np.testing.assert_allclose(flat.T @ flat / 400, np.eye(12), atol=1e-4)


def test_standardize_changes_floats_in_place():
    pixels = np.full((2, 2, 1), 8.0)
    assert image.ImageDataGenerator(rescale=0.5).standardize(pixels) is pixels and pixels[0, 0, 0] == 4
    assert image.ImageDataGenerator(rescale=0.5).standardize(pixels.astype("uint8")).tolist() == [[[2], [2]]] * 2


def test_steps_without_fit_warn():
    with pytest.warns(UserWarning, match="featurewise_center needs fit"):
        image.ImageDataGenerator(featurewise_center=True).standardize(np.zeros((2, 2, 1)))


def test_weights_go_with_their_images():
    rows = np.arange(10)
    pixels = rows[:, None, None, None] * np.ones((1, 2, 2, 1))
    generator = image.ImageDataGenerator(validation_split=0.3)
    for subset, expected in (("validation", rows[:3]), ("training", rows[3:])):
        batches = generator.flow(
            pixels, rows, sample_weight=rows, subset=subset, ignore_class_split=True, batch_size=4, shuffle=True
        )
        found = [batches[i] for i in range(len(batches))]
        for x, y, weight in found:
            assert x[:, 0, 0, 0].tolist() == y.tolist() == weight.tolist()
        assert sorted(np.concatenate([y for _, y, _ in found])) == expected.tolist()


@pytest.fixture
def model():
    made = gm.Sequential([gm.layers.Flatten(), gm.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


class Counting(image.ImageDataGenerator):
    """Counts what it changes."""

    changed = 0

    def apply_transform(self, x, transform_parameters):
        self.changed += 1
        return super().apply_transform(x, transform_parameters)


@pytest.mark.parametrize("steps", [None, 1, 2, 3, 5, 8])
def test_epochs_of_any_length(model, steps):
    generator = Counting(rescale=1e-3)
    batches = generator.flow(image_cases.BATCH, image_cases.LABELS.astype("float32"), batch_size=4)
    history = model.fit(batches, epochs=3, steps_per_epoch=steps, verbose=0).history["loss"]
    assert len(history) == 3
    assert generator.changed >= 3 * (10 if steps is None else 10 * (steps // 3) + 4 * (steps % 3 > 0) - 2)


def test_evaluate_and_predict(model):
    labels = image_cases.LABELS.astype("float32")
    batches = image.ImageDataGenerator(rescale=1e-3).flow(image_cases.BATCH, labels, batch_size=4, shuffle=False)
    expected = model.predict(image_cases.BATCH * 1e-3, verbose=0)
    np.testing.assert_allclose(model.predict(batches, verbose=0), expected, rtol=1e-6)
    twice = model.predict(batches, steps=6, verbose=0)
    np.testing.assert_allclose(twice, np.concatenate([expected, expected]), rtol=1e-6)
    loss = np.mean((expected[:, 0] - labels) ** 2)
    assert model.evaluate(batches, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert model.evaluate(batches, steps=3, verbose=0) == pytest.approx(loss, rel=1e-5)


def test_workers_give_every_image_once(model):
    rows = np.arange(40)
    pixels = rows[:, None, None, None] * np.ones((1, 2, 2, 1))
    batches = image.NumpyArrayIterator(pixels, rows, image.ImageDataGenerator(horizontal_flip=True), batch_size=8)
    batches.workers = 3
    weights = [np.full((4, 1), 0.25), np.zeros(1)]
    model.build((None, 2, 2, 1))
    model.set_weights(weights)
    np.testing.assert_allclose(model.predict(batches, verbose=0)[:, 0], rows, rtol=1e-6)


@pytest.fixture
def files(tmp_path):
    for number in range(6):
        image.save_img(tmp_path / f"{number}.png", np.full((4, 4, 3), number * 10.0), scale=False)
    return tmp_path


NAMES = [f"{number}.png" for number in range(6)]


class Table:
    """Columns by their names, as a table of pandas has them."""

    def __init__(self, **columns):
        self.columns = np.array(list(columns))
        self._values = {name: np.array(values, dtype=object) for name, values in columns.items()}

    def __getitem__(self, name):
        return self._values[name]


def from_table(files, table, generator=None, **arguments):
    made = generator or image.ImageDataGenerator()
    return made.flow_from_dataframe(table, files, target_size=(2, 2), shuffle=False, **arguments)


@pytest.mark.parametrize("kind", [dict, Table])
@pytest.mark.parametrize(
    ("class_mode", "column", "expected"),
    [
        ("categorical", ["b", "a", "b", "c", "a", "b"], np.eye(3)[[1, 0, 1, 2, 0, 1]]),
        ("sparse", ["b", "a", "b", "c", "a", "b"], [1, 0, 1, 2, 0, 1]),
        ("binary", ["b", "a", "b", "a", "a", "b"], [1, 0, 1, 0, 0, 1]),
        ("categorical", [["a", "b"], "a", ("b",), "b", "a", "a"], [[1, 1], [1, 0], [0, 1], [0, 1], [1, 0], [1, 0]]),
        ("raw", [1.5, 2, 3, 4, 5, 6], [1.5, 2, 3, 4, 5, 6]),
    ],
)
def test_labels_of_tables(files, kind, class_mode, column, expected, capsys):
    batches = from_table(files, kind(filename=NAMES, **{"class": column}), class_mode=class_mode)
    x, y = next(batches)
    assert x[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40, 50]
    assert np.asarray(y, "float64").tolist() == np.asarray(expected, "float64").tolist()
    belonging = "" if class_mode == "raw" else f" belonging to {batches.num_classes} classes"
    assert capsys.readouterr().out == f"Found 6 validated image filenames{belonging}.\n"


def test_further_labels_of_tables(files):
    table = {"filename": NAMES, "p": list(range(6)), "q": list("abcabc"), "w": np.linspace(0, 1, 6)}
    x, several = next(from_table(files, table, class_mode="multi_output", y_col=["p", "p"]))
    assert [part.tolist() for part in several] == [list(range(6))] * 2
    x, y, weight = next(from_table(files, table, class_mode="raw", y_col=["p", "w"], weight_col="w"))
    np.testing.assert_allclose(y, np.stack([table["p"], table["w"]], 1))
    np.testing.assert_allclose(weight, table["w"])
    x, y = next(from_table(files, table, class_mode="input"))
    np.testing.assert_array_equal(x, y)
    assert next(from_table(files, table, class_mode=None)).shape == (6, 2, 2, 3)
    batches = from_table(files, table, y_col="q", class_mode="sparse", classes=["c", "a"])
    assert batches.filenames == ["0.png", "2.png", "3.png", "5.png"] and batches.labels == [1, 0, 1, 0]
    generator = image.ImageDataGenerator(validation_split=0.5)
    parts = [from_table(files, table, generator, class_mode=None, subset=each) for each in ("validation", "training")]
    assert [each.filenames for each in parts] == [NAMES[:3], NAMES[3:]]


def test_names_without_files(files):
    with pytest.warns(UserWarning, match="2 names in column 'filename' are no image files"):
        batches = from_table(files, {"filename": ["0.png", "none.png", "0.txt"]}, class_mode=None)
    assert batches.filenames == ["0.png"]
    batches = from_table(files, {"filename": ["0.png", "none.png"]}, class_mode=None, validate_filenames=False)
    with pytest.raises(FileNotFoundError, match="none.png"):
        next(batches)


def test_a_model_trains_on_files(files, model):
    table = {"filename": NAMES, "class": np.arange(6.0)}
    batches = from_table(files, table, image.ImageDataGenerator(rescale=0.01), class_mode="raw", batch_size=2)
    assert len(model.fit(batches, epochs=2, verbose=0).history["loss"]) == 2


X = np.zeros((4, 2, 2, 3))


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ArgumentError, lambda: image.ImageDataGenerator(data_format="last"), "channels_last.*'last'"),
        (ArgumentError, lambda: image.ImageDataGenerator(validation_split=1.5), "validation_split.*1.5"),
        (ArgumentError, lambda: image.ImageDataGenerator(zoom_range=(1, 2, 3)), "zoom_range.*two numbers"),
        (ArgumentError, lambda: image.ImageDataGenerator(brightness_range=2), "brightness_range.*two numbers"),
        (ArgumentError, lambda: image.ImageDataGenerator(fill_mode="zero"), "fill_mode.*'zero'"),
        (ArgumentError, lambda: image.ImageDataGenerator(interpolation_order=9), "order 0 or 1; received 9"),
        (UnsupportedError, lambda: image.ImageDataGenerator(interpolation_order=3), "splines of order 3"),
        (ShapeError, lambda: image.ImageDataGenerator().fit(X[0]), r"four axes; received shape \(2, 2, 3\)"),
        (ShapeError, lambda: image.ImageDataGenerator().flow(X[0]), r"four axes; received shape \(2, 2, 3\)"),
        (ShapeError, lambda: image.ImageDataGenerator().random_transform(X), "three axes"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow(X, [1, 2]), r"4 rows in y.*received shape \(2,\)"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow((X, np.ones(1))),
         r"4 rows in x\[1\].*received shape \(1,\)"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow(X, batch_size=0), "batch_size of at least 1.*0"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow(X, subset="test"), "subset.*'test'"),
        (ArgumentError, lambda: image.ImageDataGenerator(validation_split=0.5).flow(X, [0, 0, 1, 1], subset="training"),
         "same labels.*ignore_class_split"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow(X)[1], "from 0 to 0; received 1"),
        (ArgumentError, lambda: next(image.ImageDataGenerator().flow(X[:0])), "there are none"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow_from_directory("nowhere"), "folder.*'nowhere'"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow_from_directory(".", class_mode="raw"), "class_mode"),
        (ArgumentError, lambda: image.ImageDataGenerator().flow_from_directory(".", color_mode="hsv"), "color_mode"),
        (ArgumentError, lambda: from_table("", {"name": []}), "column 'filename'.*name"),
        (ArgumentError, lambda: from_table("", {"filename": [1]}), "texts in column 'filename'"),
        (ArgumentError, lambda: from_table("", {"filename": ["a"], "class": [1]}, validate_filenames=False),
         "class_mode='raw' for numbers"),
        (ArgumentError, lambda: from_table("", {"filename": ["a"], "class": ["b"]}, validate_filenames=False,
                                           class_mode="binary"), "two classes"),
        (ArgumentError, lambda: from_table("", {"filename": ["a"]}, class_mode="multi_output",
                                           validate_filenames=False), "list of columns"),
        (ArgumentError, lambda: from_table("", {"filename": ["a"], "w": ["x"]}, class_mode=None, weight_col="w",
                                           validate_filenames=False), "numbers in column 'w'"),
        (ArgumentError, lambda: from_table("", {}, sorted=True), "no further arguments; received sorted"),
        (ArgumentError, lambda: image.apply_affine_transform(X[0], row_axis=0), "row_axis, col_axis and channel_axis"),
        (ArgumentError, lambda: image.random_zoom(X[0], 0.5), "zoom_range"),
        (ArgumentError, lambda: image.random_brightness(X[0], 0.5), "brightness_range"),
        (NotImplementedError, lambda: next(image.Iterator(3, 2, False, None)), "_get_batches_of_transformed_samples"),
    ],
)  # fmt: skip
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()
