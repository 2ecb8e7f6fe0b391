"""Layers that erase, mix, shear, blur and bend images: what they draw, labels and masks, data sets, mistakes."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, layers

LABELS = np.eye(16, dtype="float32")


def numbered(count=16, sides=(8, 10)):
    """Images of one value each: its number."""
    return np.broadcast_to(np.arange(count, dtype="float32").reshape(-1, 1, 1, 1), (count, *sides, 3)).copy()


def test_mix_up_mixes_images_labels_and_masks_by_the_same_weights():
    x = numbered()
    found = layers.MixUp(0.4, seed=1)({"images": x, "labels": LABELS, "segmentation_masks": x[..., :1] * 10})
    labels = found["labels"].numpy()
    np.testing.assert_allclose(labels.sum(1), 1.0, rtol=1e-6)
    assert ((labels > 0).sum(1) <= 2).all() and ((labels > 1e-3).sum(1) == 2).sum() > 4
    value = labels @ np.arange(16)
    np.testing.assert_allclose(found["images"].numpy(), np.broadcast_to(value[:, None, None, None], x.shape), rtol=1e-4)
    np.testing.assert_allclose(found["segmentation_masks"].numpy()[:, 0, 0, 0], value * 10, rtol=1e-4)


def test_mix_up_draws_weights_from_the_beta_distribution():
    x = np.zeros((20000, 1, 1, 1), "float32")
    _, weights = layers.MixUp(0.5, seed=1)._draw(gm.ops.convert_to_tensor(x))
    weights, expected = weights.numpy(), np.random.default_rng(0).beta(0.5, 0.5, 20000)
    for share in (0.1, 0.3, 0.5, 0.9):
        assert abs((weights <= np.quantile(expected, share)).mean() - share) < 0.02


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_cut_mix_mixes_labels_by_the_area_of_the_box(data_format):
    x = numbered(sides=(40, 60))
    given = np.moveaxis(x, -1, 1) if data_format == "channels_first" else x
    layer = layers.CutMix((0.9, 0.9), seed=2, data_format=data_format)
    found = layer({"images": given, "labels": LABELS, "segmentation_masks": given[..., :1] * 0 + 3})
    images = found["images"].numpy()
    images = np.moveaxis(images, 1, -1) if data_format == "channels_first" else images
    changed = 0
    for number, (image, label) in enumerate(zip(images, found["labels"].numpy())):
        assert set(np.unique(image)) <= {float(each) for each in np.flatnonzero(label)}
        other = image[..., 0] != number
        rows, columns = np.flatnonzero(other.any(1)), np.flatnonzero(other.any(0))
        if not other.any():
            continue
        assert other[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all(), "a box"
        assert abs(other.mean() - (1 - label[number])) < 0.06
        changed += 1
    assert changed > 8


def test_mixing_layers_leave_single_images_and_prediction_alone():
    x, label = numbered(2), LABELS[:2]
    for layer in (layers.CutMix(seed=1), layers.MixUp(seed=1)):
        one = layer({"images": x[1], "labels": np.int64(3)})
        np.testing.assert_allclose(one["images"].numpy(), x[1], rtol=1e-6)
        assert one["labels"] == 3
        still = layer({"images": x, "labels": label}, training=False)
        np.testing.assert_array_equal(still["images"].numpy(), x)
        np.testing.assert_array_equal(np.asarray(still["labels"]), label)


def test_data_sets_of_mixed_images_train_models():
    def pairs(mixed):
        layer = layers.MixUp(0.4, seed=3) if mixed == "MixUp" else layers.CutMix(seed=3)

        def mix(images, labels):
            both = layer({"images": images, "labels": labels}, training=True)
            return both["images"], both["labels"]

        return gm.data.Dataset.from_tensor_slices((numbered(), LABELS)).batch(8).map(mix)

    for mixed in ("MixUp", "CutMix"):
        gm.utils.set_random_seed(1)
        first = [[np.asarray(part) for part in pair] for pair in pairs(mixed)]
        gm.utils.set_random_seed(1)
        for pair, expected in zip(pairs(mixed), first):
            for part, wanted in zip(pair, expected):
                np.testing.assert_array_equal(part, wanted)
        assert not np.array_equal(first[0][0], numbered()[:8])
        model = gm.Sequential([layers.GlobalAveragePooling2D(), layers.Dense(16, activation="softmax")])
        model.compile("adam", "categorical_crossentropy")
        assert np.isfinite(model.fit(pairs(mixed), epochs=2, verbose=0).history["loss"]).all()


def test_erased_boxes_have_the_area_that_is_asked_for():
    x = np.full((400, 60, 40, 1), 7.0, "float32")
    found = layers.RandomErasing((1, 1), (0.1, 0.3), fill_value=0.0, seed=1)(x).numpy()[..., 0] == 0
    shares = found.mean((1, 2))
    assert abs(shares.mean() - 0.2) < 0.015 and 0.08 < shares.min() and shares.max() < 0.33
    for each in found[:20]:
        rows, columns = np.flatnonzero(each.any(1)), np.flatnonzero(each.any(0))
        assert each[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    # A box begins behind its real number, so it hardly ever has the first row.
    assert found[:, 1].any() and found[:, -1].any() and found[:, :, 1].any() and found[:, :, -1].any()
    assert abs((layers.RandomErasing(1.0, seed=1)(x).numpy() != 7.0).any((1, 2, 3)).mean() - 0.5) < 0.07


def test_erased_boxes_are_filled_with_noise_or_one_value_for_each_channel():
    x = np.full((50, 9, 9, 3), 100.0, "float32")
    noise = layers.RandomErasing((1, 1), (0.9, 0.9), value_range=(0, 200), seed=1)(x).numpy()
    noise = noise[noise != 100.0]
    assert noise.min() == 0 and noise.max() == 200 and abs((noise == 0).mean() - 0.5) < 0.05
    values = layers.RandomErasing((1, 1), (0.5, 0.5), fill_value=[1.0, 2.0, 3.0], seed=1)(x).numpy()
    assert [set(np.unique(values[..., i])) for i in range(3)] == [{1.0, 100.0}, {2.0, 100.0}, {3.0, 100.0}]


def test_shears_have_the_sizes_that_are_asked_for_and_both_signs():
    layer = layers.RandomShear((0.1, 0.2), (0.3, 0.4), seed=1)
    numbers = layer._draw(gm.ops.zeros((2000, 4, 4, 1))).numpy()
    across, down = numbers[:, 1], numbers[:, 3]
    assert (np.sign(across) == np.sign(down)).all() and abs((across > 0).mean() - 0.5) < 0.04
    for drawn, low in ((np.abs(across), 0.1), (np.abs(down), 0.3)):
        assert low <= drawn.min() and drawn.max() <= low + 0.1 and abs(drawn.mean() - low - 0.05) < 0.003


def test_masks_are_seen_in_the_same_perspective_by_their_nearest_pixel():
    x = np.repeat((np.random.default_rng(0).random((4, 12, 12, 1)) > 0.5).astype("float32"), 3, -1)
    layer = layers.RandomPerspective((1, 1), 0.4, "nearest", seed=1)
    found = layer({"images": x, "segmentation_masks": x[..., :1]})
    np.testing.assert_array_equal(found["images"].numpy()[..., :1], found["segmentation_masks"].numpy())
    assert not np.array_equal(found["images"].numpy(), x)


def test_bent_masks_follow_their_images_and_no_strength_bends_nothing():
    x = np.repeat((np.random.default_rng(0).random((4, 40, 40, 1)) > 0.5).astype("float32"), 3, -1)
    layer = layers.RandomElasticTransform((1, 1), (0.9, 1.0), "nearest", seed=1)
    found = layer({"images": x, "segmentation_masks": x[..., :1]})
    np.testing.assert_array_equal(found["images"].numpy()[..., :1], found["segmentation_masks"].numpy())
    assert not np.array_equal(found["images"].numpy(), x)
    np.testing.assert_allclose(layers.RandomElasticTransform((1, 1), 0.0, seed=1)(x).numpy(), x, atol=1e-4)


def test_noise_that_bends_images_is_as_wide_as_asked():
    """Rows and columns of pixels that are their own number show how far they moved."""
    grid = np.stack(np.meshgrid(np.arange(64.0), np.arange(64.0)), -1)[None].astype("float32")
    moved = gm.ops.image.elastic_transform(np.repeat(grid, 8, 0), 5.0, 4.0, fill_mode="nearest", seed=2).numpy() - grid
    middle = moved[:, 24:40, 24:40]
    # A sum of normal numbers of deviation 4, weighted by a bell of width 4 whose squares sum to 1 / (4 pi 16).
    expected = 5.0 * 4.0 / (4 * np.pi * 16) ** 0.5
    assert abs(middle.std() / expected - 1) < 0.25
    beside = (middle[:, :, 1:] * middle[:, :, :-1]).mean() / (middle**2).mean()
    assert beside > 0.95
    one, two = middle[..., 0].ravel(), middle[..., 1].ravel()
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.3


def test_gamma_and_beta_are_drawn_inside_of_functions():
    def draw(alpha):
        generator = gm.random.SeedGenerator(4)
        return gm.random.gamma((30000,), alpha, seed=generator), gm.random.beta((30000,), alpha, 2.0, seed=generator)

    expected = np.random.default_rng(0)
    for alpha in (0.1, 1.0, 3.5):
        found = [each.numpy() for each in draw(alpha)]
        for each, traced in zip(found, gm.function(draw)(gm.ops.convert_to_tensor(alpha))):
            np.testing.assert_allclose(traced.numpy(), each, rtol=1e-4, atol=1e-6)
        wanted = expected.gamma(alpha, size=30000), expected.beta(alpha, 2.0, 30000)
        for each, numbers in zip(found, wanted):
            for share in (0.1, 0.5, 0.9):
                assert abs((each <= np.quantile(numbers, share)).mean() - share) < 0.015


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: layers.MixUp(0.0), errors.ArgumentError, "mix_up.*alpha"),
        (lambda: layers.CutMix(1.5), errors.ArgumentError, "factor.*from 0 to 1; received 1.5"),
        (
            lambda: layers.MixUp()({"images": np.ones((2, 3, 3, 1)), "labels": np.array([1, 2])}),
            errors.ShapeError,
            r"\(batch, classes\); received shape \(2,\) of int.*one_hot",
        ),
        (
            lambda: layers.CutMix()({"images": np.ones((2, 3, 3, 1)), "bounding_boxes": {}}),
            errors.UnsupportedError,
            "without 'bounding_boxes'",
        ),
        (lambda: layers.RandomErasing(fill_value="grey"), errors.ArgumentError, "fill_value.*'grey'"),
        (lambda: layers.RandomErasing(fill_value=[1, 2])(np.ones((2, 3, 3, 3))), errors.ShapeError, "2 channels"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), errors.ArgumentError, "odd numbers.*received 4"),
        (lambda: layers.RandomPerspective(scale=2), errors.ArgumentError, "scale.*from 0 to 1"),
        (lambda: layers.RandomPerspective(interpolation="cubic"), errors.ArgumentError, "'cubic'"),
        (lambda: layers.RandomElasticTransform(scale=2.0), errors.ArgumentError, "scale.*from 0 to 1"),
        (lambda: layers.RandomElasticTransform(fill_mode="none"), errors.ArgumentError, "fill_mode.*'none'"),
        (lambda: gm.ops.image.elastic_transform(np.ones((3, 3, 1)), sigma=0), errors.ArgumentError, "positive sigma"),
        (lambda: gm.ops.image.elastic_transform(np.ones((3, 3))), errors.ShapeError, "3 axes"),
        (lambda: layers.RandomShear("a"), errors.ArgumentError, "x_factor"),
        (lambda: gm.random.beta((2,), 0.0, 1.0), errors.ArgumentError, "alpha above 0"),
        (lambda: gm.random.gamma((2,), 1.0, dtype="int32"), errors.ArgumentError, "float dtype"),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
