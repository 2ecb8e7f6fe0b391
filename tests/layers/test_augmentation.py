"""Layers that change images: values of Keras, what they draw, models, data sets, mistakes."""

import json
from pathlib import Path

import cases_augmentation as cases
import numpy as np
import pytest

import gradmill as gm
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


def test_local_equalization_works_outside_training_and_in_functions():
    layer, x = layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2)), cases.images("bytes")
    found = layer(x).numpy()
    np.testing.assert_array_equal(layer(x, training=False).numpy(), found)
    np.testing.assert_allclose(gm.function(layer)(x).numpy(), found, atol=1e-3)
    assert found[0].std() > x[0].std()


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


def share_of(layer, number=3000):
    """The share of the images that a layer changes."""
    x = np.random.default_rng(0).uniform(20, 90, (number, 2, 2, 3)).astype("float32")
    return float((np.abs(layer(x).numpy() - x).max((1, 2, 3)) > 1e-3).mean())


def test_probabilities_are_drawn_between_their_limits():
    # A number is an upper limit, so images change half as often.
    assert abs(share_of(layers.RandomInvert(1.0, seed=1)) - 0.5) < 0.03
    assert abs(share_of(layers.RandomInvert((0.2, 0.4), seed=1)) - 0.3) < 0.03
    assert abs(share_of(layers.RandomGrayscale(0.25, seed=1)) - 0.25) < 0.03


def test_posterization_draws_each_number_of_bits_alike():
    x = np.full((3000, 1, 1, 1), 255.0, "float32")
    found = layers.RandomPosterization((2, 5), seed=1)(x).numpy().ravel()
    values, counts = np.unique(found, return_counts=True)
    assert values.tolist() == [192, 224, 240]
    assert np.abs(counts / 3000 - 1 / 3).max() < 0.03
    assert set(np.unique(layers.RandomPosterization(3, seed=1)(x))) == {128, 192}


def test_hues_turn_both_ways_as_far_as_asked():
    x = np.tile(np.array([200.0, 40.0, 40.0], "float32"), (3000, 1, 1, 1))
    found = layers.RandomHue((0.2, 0.4), seed=1)(x)
    hue = gm.ops.image.rgb_to_hsv(found / 255.0).numpy()[..., 0].ravel()
    turned = np.where(hue > 0.5, hue - 1.0, hue)
    assert 0.1 - 1e-4 <= np.abs(turned).min() and np.abs(turned).max() <= 0.2 + 1e-4
    assert abs((turned > 0).mean() - 0.5) < 0.03 and abs(np.abs(turned).mean() - 0.15) < 0.003


def test_parts_of_a_jitter_draw_numbers_of_their_own():
    x = np.tile(np.array([120.0, 60.0, 60.0], "float32"), (2000, 1, 1, 1))
    layer = layers.RandomColorJitter(brightness_factor=0.2, saturation_factor=(0.3, 0.45), seed=1)
    hsv = gm.ops.image.rgb_to_hsv(layer(x)).numpy().reshape(-1, 3)
    assert hsv[:, 2].std() > 20 and hsv[:, 1].std() > 0.02
    before = np.clip(np.array([120.0, 60.0]) + (hsv[:, 2:] - 120.0), 0, 255)
    share = hsv[:, 1] / np.maximum(1 - before[:, 1] / before[:, 0], 1e-6)
    assert abs(np.corrcoef(share, hsv[:, 2])[0, 1]) < 0.1


def pipeline():
    """A data set of batches whose images are changed."""
    layer = layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.2, seed=3)
    data = gm.data.Dataset.from_tensor_slices(np.tile(cases.images("bytes"), (4, 1, 1, 1))).batch(4)
    return data.map(lambda x: layer(x, training=True))


def test_data_sets_draw_anew_in_each_pass_and_alike_for_a_seed():
    gm.utils.set_random_seed(5)
    first = pipeline()
    passes = [np.concatenate([np.asarray(each) for each in first]) for _ in range(2)]
    assert not np.array_equal(passes[0][:4], passes[0][4:]) and not np.array_equal(*passes)
    gm.utils.set_random_seed(5)
    again = np.concatenate([np.asarray(each) for each in pipeline()])
    np.testing.assert_array_equal(again, passes[0])


def test_models_train_with_layers_that_change_colors():
    entry = gm.Input((9, 8, 3))
    x = layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.2, seed=3)(entry)
    for kind, arguments in (("RandomSharpness", {"factor": 0.4}), ("RandomPosterization", {"factor": 6})):
        x = getattr(layers, kind)(**arguments)(x)
    x = layers.Equalization()(layers.AutoContrast()(layers.Solarization(0.1, 0.9, seed=1)(x)))
    model = gm.Model(entry, layers.Dense(1)(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(x))))
    model.compile("sgd", "mse")
    images = np.tile(cases.images("bytes"), (4, 1, 1, 1))
    assert np.isfinite(model.fit(images, np.ones((8, 1)), batch_size=4, epochs=2, verbose=0).history["loss"]).all()
    np.testing.assert_array_equal(model.predict(images, verbose=0), model.predict(images, verbose=0))


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
            lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=-1),
            errors.ArgumentError,
            "clip_limit",
        ),
        (
            lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=0),
            errors.ArgumentError,
            "tile_grid_size",
        ),
        (lambda: layers.RandomHue(-0.1), errors.ArgumentError, "random_hue.*factor.*from 0 to 1; received -0.1"),
        (lambda: layers.RandomHue(0.1)(np.ones((2, 3, 3, 1))), errors.ShapeError, "three channels"),
        (lambda: layers.RandomPosterization(0), errors.ArgumentError, "from 1 to 8; received 0"),
        (lambda: layers.RandomGrayscale((0.1, 0.2)), errors.ArgumentError, "factor.*from 0 to 1"),
        (lambda: layers.RandomColorJitter(hue_factor=2), errors.ArgumentError, "random_hue.*factor"),
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
