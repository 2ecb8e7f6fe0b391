"""Layers that change images: values of Keras, what they draw, models, data sets, mistakes."""

import json
from pathlib import Path

import cases_augmentation as cases
import numpy as np
import pytest

from gradmill import errors, layers

GOLDEN = Path(__file__).parents[1] / "golden/layers"
CONFIGS = json.loads((GOLDEN / "augmentation.json").read_text())


@pytest.fixture(scope="module")
def recorded():
    with np.load(GOLDEN / "augmentation.npz") as archive:
        return dict(archive)


@pytest.mark.parametrize("name", cases.CASES)
def test_values_and_configurations_are_those_of_keras(recorded, name):
    found, config = cases.answer(layers, name)
    scale = max(1.0, np.abs(recorded[name]).max())
    np.testing.assert_allclose(found, recorded[name], rtol=1e-5, atol=1e-5 * scale)
    config = json.loads(json.dumps(config))
    assert {key: config[key] for key in CONFIGS[name]} == CONFIGS[name]
    assert json.loads(json.dumps(type(getattr(layers, cases.CASES[name][0])(**cases.CASES[name][1])).from_config(
        config).get_config()))["data_format"] == config["data_format"]  # fmt: skip


def test_auto_contrast_of_channels_first_is_that_of_channels_last():
    first = layers.AutoContrast(data_format="channels_first")(cases.images("bytes_first")).numpy()
    last = layers.AutoContrast()(cases.images("bytes")).numpy()
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


def test_auto_contrast_works_outside_training_equalization_does_not():
    x = cases.images("bytes")
    assert layers.AutoContrast()(x, training=False).numpy()[0].max() == 255
    np.testing.assert_array_equal(layers.Equalization()(x, training=False), x)


def test_layers_of_integers_give_integers():
    x = cases.images("bytes").astype("uint8")
    found = layers.AutoContrast(dtype="uint8")(x)
    assert found.dtype == "uint8"
    np.testing.assert_array_equal(found, np.round(layers.AutoContrast()(x).numpy()))


def test_solarization_draws_shares_of_the_range():
    x = np.full((4000, 1, 1, 1), 0.0, "float32")
    found = layers.Solarization(addition_factor=(0.2, 0.4), threshold_factor=(1.0, 1.0), seed=1)(x).numpy().ravel()
    # Values below the threshold stay, so what was added is seen.
    assert 0.2 * 255 <= found.min() and found.max() <= 0.4 * 255
    np.testing.assert_allclose([found.mean(), found.std()], [0.3 * 255, 0.2 * 255 / 12**0.5], rtol=0.03)


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: layers.AutoContrast(3), errors.ArgumentError, "auto_contrast.*value_range.*received 3"),
        (lambda: layers.AutoContrast((1, 1)), errors.ArgumentError, "value_range"),
        (lambda: layers.Equalization(bins=0), errors.ArgumentError, "bins"),
        (lambda: layers.Solarization(1.5), errors.ArgumentError, "addition_factor.*from 0 to 1; received 1.5"),
        (lambda: layers.Solarization(0.0, "a"), errors.ArgumentError, "threshold_factor"),
        (lambda: layers.AutoContrast()(np.ones((3, 3), "float32")), errors.ShapeError, "3 axes"),
        (
            lambda: layers.Equalization()({"images": np.ones((2, 3, 3, 1)), "bounding_boxes": {}}),
            errors.UnsupportedError,
            "without 'bounding_boxes'",
        ),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
