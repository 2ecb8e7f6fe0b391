"""What the layers of vision models compute, against NumPy, and what they refuse."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors

layers = gm.layers


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


# Normalization


def test_batch_normalization_uses_and_keeps_the_statistics_of_the_batch():
    layer = layers.BatchNormalization(momentum=0.8, epsilon=0.01)
    x = draw(5, 3, 4) * 3 + 7
    y = layer(x, training=True).numpy()
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 0.01), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.2 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.8 + 0.2 * variance, rtol=1e-5)
    again = layer(x, training=False).numpy()
    np.testing.assert_allclose(again, (x - 0.2 * mean) / np.sqrt(0.8 + 0.2 * variance + 0.01), rtol=1e-4, atol=1e-5)


def test_batch_normalization_that_is_not_trainable_leaves_its_averages():
    layer = layers.BatchNormalization(trainable=False)
    x = draw(5, 4) + 3
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x, training=False).numpy())
    assert not layer.moving_mean.numpy().any()
    assert not layer.trainable_weights and len(layer.weights) == 4


def test_weights_have_the_names_and_order_of_keras():
    layer = layers.BatchNormalization(renorm=True)
    layer.build((None, 4))
    names = ["gamma", "beta", "moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev"]
    assert [weight.name for weight in layer.weights] == names


def test_batch_normalization_over_channels_first():
    x = draw(3, 4, 5, 6)
    first, last = layers.BatchNormalization(axis=1), layers.BatchNormalization()
    y = first(x, training=True).numpy()
    z = last(np.moveaxis(x, 1, -1), training=True).numpy()
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first.moving_variance.numpy(), last.moving_variance.numpy(), rtol=1e-6)


def test_masked_steps_do_not_count():
    x = draw(4, 5, 3)
    mask = np.random.default_rng(1).random((4, 5)) < 0.6
    layer = layers.BatchNormalization(momentum=0.0, epsilon=0.0)
    y = layer(x, training=True, mask=gm.ops.convert_to_tensor(mask)).numpy()
    kept = x[mask]
    np.testing.assert_allclose(layer.moving_mean.numpy(), kept.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), kept.var(0), rtol=1e-4)
    np.testing.assert_allclose(y[mask], (kept - kept.mean(0)) / kept.std(0), rtol=1e-3, atol=1e-5)


def test_large_means_leave_the_variance_its_digits():
    x = draw(4096, 2) + 10_000
    layer = layers.BatchNormalization(momentum=0.0, epsilon=0.0)
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(layer.moving_variance.numpy(), x.astype("float64").var(0), rtol=1e-3)
    np.testing.assert_allclose(y.std(0), 1.0, rtol=1e-3)


def test_batch_normalization_in_a_trained_model_moves_its_averages():
    x, y = draw(64, 6, 6, 2) + 4, np.full((64, 1), 3.0)
    entry = gm.Input((6, 6, 2))
    middle = layers.MaxPooling2D(2)(layers.BatchNormalization(momentum=0.5, name="norm")(entry))
    model = gm.Model(entry, layers.Dense(1)(layers.GlobalAveragePooling2D()(middle)))
    model.compile("sgd", "mse")
    history = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < history[0]
    np.testing.assert_allclose(model.get_layer("norm").moving_mean.numpy(), x.mean((0, 1, 2)), rtol=0.1)


def test_half_precision_keeps_statistics_in_float32():
    layer = layers.BatchNormalization(dtype="mixed_bfloat16", momentum=0.0)
    y = layer(draw(64, 3) + 2, training=True)
    assert y.dtype == "bfloat16" and layer.moving_mean.dtype == "float32"
    np.testing.assert_allclose(layer.moving_mean.numpy(), 2.0, atol=0.5)


def test_group_normalization():
    x = draw(2, 5, 6, 8)
    y = layers.GroupNormalization(groups=4, epsilon=0.0)(x).numpy().reshape(2, 30, 4, 2)
    np.testing.assert_allclose(y.mean((1, 3)), 0.0, atol=1e-6)
    np.testing.assert_allclose(y.std((1, 3)), 1.0, rtol=1e-5)
    instance = layers.GroupNormalization(groups=-1, epsilon=0.0)
    np.testing.assert_allclose(instance(x).numpy().std((1, 2)), 1.0, rtol=1e-5)
    assert instance.groups == 8


def test_local_response_normalization():
    x = draw(2, 3, 3, 7)
    y = layers.LocalResponseNormalization(size=3, alpha=0.5, beta=0.75, k=2.0)(x).numpy()
    padded = np.pad(x**2, [(0, 0)] * 3 + [(1, 1)])
    total = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
    np.testing.assert_allclose(y, x / (2.0 + 0.5 * total) ** 0.75, rtol=1e-5)


# Pooling and borders


def test_data_formats_agree():
    x = draw(2, 6, 7, 3)
    for make in (
        lambda f: layers.MaxPooling2D((2, 3), 2, "same", data_format=f),
        lambda f: layers.AveragePooling2D(3, 1, "same", data_format=f),
        lambda f: layers.AdaptiveAveragePooling2D((4, 3), data_format=f),
        lambda f: layers.AdaptiveMaxPooling2D((4, 7), data_format=f),
        lambda f: layers.ZeroPadding2D(((1, 2), (0, 3)), data_format=f),
        lambda f: layers.Cropping2D(((1, 2), (0, 3)), data_format=f),
        lambda f: layers.UpSampling2D(2, f, "bilinear"),
        lambda f: layers.Resizing(4, 9, data_format=f),
        lambda f: layers.CenterCrop(3, 3, f),
    ):
        last = make("channels_last")(x).numpy()
        first = make("channels_first")(np.moveaxis(x, -1, 1)).numpy()
        np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 9])
def test_adaptive_pooling(size):
    x = draw(2, 7, 3)
    parts = [x[:, i * 7 // size : -(-(i + 1) * 7 // size)] for i in range(size)]
    mean = layers.AdaptiveAveragePooling1D(size)(x).numpy()
    np.testing.assert_allclose(mean, np.stack([part.mean(1) for part in parts], 1), rtol=1e-5, atol=1e-6)
    largest = layers.AdaptiveMaxPooling1D(size)(x).numpy()
    np.testing.assert_array_equal(largest, np.stack([part.max(1) for part in parts], 1))


def test_global_average_pooling_leaves_out_masked_steps():
    x = draw(2, 4, 3)
    mask = np.array([[True, True, False, False], [True, False, True, True]])
    x[~mask] = np.nan
    y = layers.GlobalAveragePooling1D()(x, mask=gm.ops.convert_to_tensor(mask)).numpy()
    np.testing.assert_allclose(y, np.stack([each[kept].mean(0) for each, kept in zip(x, mask)]), rtol=1e-6)


def test_up_sampling_repeats():
    x = np.arange(12, dtype="int32").reshape(1, 2, 3, 2)
    y = layers.UpSampling2D((2, 3))(x)
    assert y.dtype == "int32"
    np.testing.assert_array_equal(y.numpy(), x.repeat(2, 1).repeat(3, 2))


def test_resizing_keeps_integers():
    x = np.array([[[0], [255]]], "uint8")
    y = layers.Resizing(1, 4, interpolation="bicubic")(x)
    assert y.dtype == "uint8"
    assert y.numpy().ravel().tolist()[0] == 0 and y.numpy().ravel().tolist()[-1] == 255


# Random layers


RANDOM = {
    "RandomFlip": {},
    "RandomCrop": {"height": 4, "width": 5},
    "RandomRotation": {"factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.3},
    "RandomContrast": {"factor": 0.4, "value_range": (-9, 9)},
    "RandomBrightness": {"factor": 0.3, "value_range": (-9, 9)},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.2},
    "RandomPerspective": {"scale": 0.4},
    "RandomGaussianBlur": {"value_range": (-9, 9)},
    "RandomElasticTransform": {"value_range": (-9, 9)},
    "RandomErasing": {"value_range": (-9, 9)},
    "AugMix": {"value_range": (-9, 9)},
    "RandomHue": {"factor": 0.6, "value_range": (-9, 9)},
    "RandomSaturation": {"factor": (0.1, 0.9), "value_range": (-9, 9)},
    "RandomSharpness": {"factor": 0.4, "value_range": (-9, 9)},
    "RandomColorDegeneration": {"factor": (0.2, 0.9), "value_range": (-9, 9)},
    "RandomPosterization": {"factor": 8, "value_range": (-9, 9)},
    "RandomInvert": {"factor": 1.0, "value_range": (-9, 9)},
    "RandomGrayscale": {},
    "RandomColorJitter": {"brightness_factor": 0.3, "hue_factor": 0.4, "value_range": (-9, 9)},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.6, "value_range": (-9, 9)},
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_layers_draw_from_their_seed_for_each_image(name):
    make = lambda: getattr(layers, name)(seed=7, **RANDOM[name])  # noqa: E731
    x = np.repeat(draw(1, 8, 8, 3), 16, axis=0)
    first, layer = make()(x).numpy(), make()
    np.testing.assert_array_equal(layer(x).numpy(), first)
    assert not np.array_equal(layer(x).numpy(), first)
    assert any(not np.array_equal(first[0], each) for each in first[1:])


@pytest.mark.parametrize("name", RANDOM)
def test_random_layers_do_nothing_outside_training(name):
    x = draw(2, 8, 8, 3)
    y = getattr(layers, name)(seed=7, **RANDOM[name])(x, training=False).numpy()
    if name == "RandomCrop":
        assert y.shape == (2, 4, 5, 3)
    else:
        np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("name", RANDOM)
def test_random_layers_take_one_image_integers_and_dictionaries(name):
    layer = getattr(layers, name)(seed=7, **RANDOM[name])
    assert layer(np.ones((8, 8, 3), "uint8")).dtype == "float32"
    assert len(layer(np.ones((8, 8, 3), "float32")).shape) == 3
    data = {"images": draw(4, 8, 8, 3), "labels": np.arange(4), "segmentation_masks": np.ones((4, 8, 8, 1), "float32")}
    found = layer(data)
    np.testing.assert_array_equal(np.asarray(found["labels"]), np.arange(4))
    assert found["segmentation_masks"].shape[:3] == found["images"].shape[:3]


def test_random_flip_mirrors_half_of_the_images():
    x = draw(200, 2, 3, 1)
    y = layers.RandomFlip("horizontal", seed=3)(x).numpy()
    mirrored = np.array([np.array_equal(a[:, ::-1], b) for a, b in zip(x, y)])
    same = np.array([np.array_equal(a, b) for a, b in zip(x, y)])
    assert (mirrored ^ same).all() and 60 < mirrored.sum() < 140


def test_random_crop_cuts_real_parts_at_all_places():
    x = np.arange(5 * 6, dtype="float32").reshape(1, 5, 6, 1).repeat(300, 0)
    y = layers.RandomCrop(3, 4, seed=3)(x).numpy()[..., 0]
    corners = {(int(each[0, 0]) // 6, int(each[0, 0]) % 6) for each in y}
    assert corners == {(i, j) for i in range(3) for j in range(3)}
    np.testing.assert_array_equal(y - y[:, :1, :1], np.broadcast_to(x[0, :3, :4, 0], y.shape))


def test_random_rotation_by_a_quarter_turn():
    x = draw(2, 5, 5, 3)
    y = layers.RandomRotation((0.25, 0.25), seed=3)(x).numpy()
    np.testing.assert_allclose(y, np.rot90(x, axes=(1, 2)), atol=1e-4)


def test_random_translation_by_whole_pixels():
    x = draw(2, 4, 5, 1)
    y = layers.RandomTranslation((0.25, 0.25), (-0.4, -0.4), fill_mode="constant", seed=3)(x).numpy()
    expected = np.zeros_like(x)
    expected[:, 1:, :3] = x[:, :-1, 2:]
    np.testing.assert_allclose(y, expected, atol=1e-5)


def test_random_zoom_in_by_two():
    x = draw(1, 6, 6, 1)
    y = layers.RandomZoom((-0.5, -0.5), interpolation="nearest", seed=3)(x).numpy()
    middle = x[:, 1:5, 1:5].repeat(2, 1).repeat(2, 2)[:, 1:7, 1:7]
    np.testing.assert_array_equal(y, middle)


def test_fill_modes():
    x = np.arange(1.0, 5.0, dtype="float32").reshape(1, 4, 1)
    shift = [1.0, 0.0, -3.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    wanted = {
        "constant": [9, 9, 9, 1],
        "nearest": [1, 1, 1, 1],
        "wrap": [2, 3, 4, 1],
        "reflect": [3, 2, 1, 1],
        "mirror": [4, 3, 2, 1],
    }
    for mode, expected in wanted.items():
        found = gm.ops.image.affine_transform(x, shift, fill_mode=mode, fill_value=9.0)
        assert found.numpy().ravel().tolist() == expected, mode


def test_augmentation_inside_a_model_is_part_of_training_only():
    x = draw(32, 8, 8, 1)
    entry = gm.Input((8, 8, 1))
    changed = layers.RandomCrop(6, 6, seed=3)(layers.RandomRotation(0.1, seed=1)(layers.RandomFlip(seed=2)(entry)))
    model = gm.Model(entry, layers.Dense(1)(layers.Flatten()(changed)))
    model.compile("sgd", "mse")
    model.fit(x, x[:, 0, 0], epochs=2, batch_size=8, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


# Bad input

x4 = np.ones((2, 4, 4, 3), "float32")


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: layers.MaxPooling2D(0), errors.ArgumentError, r"max_pooling2d.*pool_size.*from 1 to .*received 0"),
        (lambda: layers.MaxPooling2D((2, 2, 2)), errors.ArgumentError, "2 of them"),
        (lambda: layers.MaxPooling2D(2, strides=-1), errors.ArgumentError, "strides"),
        (lambda: layers.MaxPooling2D(2, padding="causal"), errors.ArgumentError, "'valid' or 'same'"),
        (lambda: layers.MaxPooling2D(2**40), errors.ArgumentError, "pool_size"),
        (lambda: layers.MaxPooling2D(2, data_format="last"), errors.ArgumentError, "data_format"),
        (lambda: layers.MaxPooling2D(5, name="pool")(x4), errors.ShapeError, r"larger inputs(.|\n)*pool"),
        (lambda: layers.AveragePooling2D(5)(x4), errors.ShapeError, "smaller pool_size"),
        (lambda: layers.MaxPooling2D(2)(np.ones((2, 4, 3), "float32")), errors.ShapeError, "4 axes"),
        (lambda: layers.MaxPooling2D(2)(np.ones((2, 0, 4, 3), "float32")), errors.ShapeError, "larger inputs"),
        (lambda: layers.AdaptiveAveragePooling2D(0), errors.ArgumentError, "output_size"),
        (lambda: layers.AdaptiveMaxPooling1D(2)(np.ones((2, 0, 4), "float32")), errors.ShapeError, "empty"),
        (lambda: gm.ops.max_pool(np.ones((2, 3)), 2), errors.ShapeError, "spatial"),
        (lambda: layers.BatchNormalization(axis=1.5), errors.ArgumentError, "axis"),
        (lambda: layers.BatchNormalization(axis=4)(x4), errors.ArgumentError, "axis=4"),
        (lambda: layers.BatchNormalization(momentum=2.0), errors.ArgumentError, "momentum.*from 0 to 1"),
        (lambda: layers.BatchNormalization(epsilon=-1.0), errors.ArgumentError, "epsilon"),
        (lambda: layers.BatchNormalization(epsilon=float("nan")), errors.ArgumentError, "epsilon"),
        (lambda: layers.BatchNormalization()(gm.Input((None,))), errors.ShapeError, "known size"),
        (
            lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}),
            errors.ArgumentError,
            "renorm_clipping",
        ),
        (lambda: layers.LayerNormalization(axis="last"), errors.ArgumentError, "axis"),
        (lambda: layers.LayerNormalization(axis=[1, -3])(x4), errors.ArgumentError, "different axes"),
        (lambda: layers.GroupNormalization(groups=0), errors.ArgumentError, "groups"),
        (lambda: layers.GroupNormalization(groups=2)(x4), errors.ShapeError, "divide into 2 groups"),
        (lambda: layers.GroupNormalization(groups=2, axis=0)(x4), errors.ArgumentError, "batch axis"),
        (lambda: layers.RMSNormalization(axis=7)(x4), errors.ArgumentError, "axis=7"),
        (lambda: layers.UnitNormalization(axis=7)(x4), errors.ArgumentError, "axis=7"),
        (lambda: layers.LocalResponseNormalization(size=0), errors.ArgumentError, "size"),
        (lambda: layers.ZeroPadding2D(-1), errors.ArgumentError, "padding.*received -1"),
        (lambda: layers.ZeroPadding2D(((1, 2), (3,))), errors.ArgumentError, "pairs"),
        (lambda: layers.ZeroPadding2D(2**70), errors.ArgumentError, "padding"),
        (lambda: layers.Cropping2D(((0, -1), (0, 0))), errors.ArgumentError, "cropping"),
        (lambda: layers.Cropping2D(2)(x4), errors.ShapeError, "crop less"),
        (lambda: layers.UpSampling2D(0), errors.ArgumentError, "size"),
        (lambda: layers.UpSampling2D(2, interpolation="cubic"), errors.ArgumentError, "interpolation"),
        (lambda: layers.Resizing(0, 3), errors.ArgumentError, "height"),
        (lambda: layers.Resizing(3, 2**40), errors.ArgumentError, "width"),
        (lambda: layers.Resizing(3, 3, fill_mode="wrap"), errors.ArgumentError, "fill_mode"),
        (lambda: layers.Resizing(3, 3)(np.ones((2, 3), "float32")), errors.ShapeError, "image"),
        (lambda: layers.Resizing(3, 3)(np.ones((2, 0, 3, 1), "float32")), errors.ShapeError, "empty"),
        (
            lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            errors.ArgumentError,
            "received both",
        ),
        (lambda: layers.RandomFlip("sideways"), errors.ArgumentError, "mode"),
        (lambda: layers.RandomRotation(1.5), errors.ArgumentError, "factor"),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), errors.ArgumentError, "pair"),
        (lambda: layers.RandomZoom(-1.0), errors.ArgumentError, "factor"),
        (lambda: layers.RandomTranslation(0.1, "wide"), errors.ArgumentError, "width_factor"),
        (lambda: layers.RandomContrast(-0.1), errors.ArgumentError, "factor"),
        (lambda: layers.RandomBrightness(0.1, value_range=3), errors.ArgumentError, "value_range"),
        (lambda: layers.RandomFlip()(np.ones((2, 3), "float32")), errors.ShapeError, "image"),
        (lambda: layers.RandomFlip()({"images": x4, "bounding_boxes": x4}), errors.UnsupportedError, "bounding_boxes"),
        (lambda: gm.ops.image.affine_transform(x4, np.ones(6)), errors.ShapeError, "transform"),
        (lambda: gm.ops.normalize(x4, order=0), errors.ArgumentError, "order"),
        (lambda: gm.ops.moments(x4, [0, 0]), errors.ArgumentError, "axes"),
    ],
)
def test_wrong_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_and_single_batches(rows):
    x = np.ones((rows, 4, 4, 2), "float32")
    assert layers.MaxPooling2D(2)(x).shape == (rows, 2, 2, 2)
    assert layers.AveragePooling2D(2)(x).shape == (rows, 2, 2, 2)
    assert layers.BatchNormalization()(x).shape == x.shape
    assert layers.UpSampling2D(2, interpolation="bilinear")(x).shape == (rows, 8, 8, 2)
    assert layers.RandomFlip(seed=1)(x).shape == x.shape
