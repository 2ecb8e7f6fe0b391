"""U-Net: its structure, its frozen encoder, weights from files, and what it refuses."""

import numpy as np
import pytest

import gradmill as gm

SMALL = {"alpha": 0.35, "filters": (32, 16, 8, 8)}
LOSS = gm.losses.SparseCategoricalCrossentropy(from_logits=True)


def small(size=32, **options):
    return gm.applications.UNet((size, size, 3), **{**SMALL, **options})


def batch(size=32, count=4):
    generator = np.random.default_rng(0)
    images = generator.random((count, size, size, 3), dtype="float32")
    return images, generator.integers(0, 3, (count, size, size)).astype("int32")


def test_structure():
    model = gm.applications.UNet()
    encoder = model.get_layer("encoder")
    assert model.input_shape == (None, 128, 128, 3) and model.output_shape == (None, 128, 128, 3)
    assert [tuple(each.shape[1:]) for each in encoder.outputs] == [
        (64, 64, 96),
        (32, 32, 144),
        (16, 16, 192),
        (8, 8, 576),
        (4, 4, 320),
    ]
    # Kernels of 3x3 from what comes up and the skip beside it, and four numbers a map of each normalization.
    joined = (320, 512 + 576, 256 + 192, 128 + 144)
    counts = (512, 256, 128, 64)
    decoder = sum(9 * before * after + 4 * after for before, after in zip(joined, counts)) + 9 * (64 + 96) * 3 + 3
    assert model.count_params() - encoder.count_params() == decoder
    assert not encoder.trainable_weights and len(model.trainable_weights) == 4 * 3 + 2


def test_other_sizes_and_channels():
    model = gm.applications.UNet(input_tensor=gm.Input((64, 96, 1)), classes=2, **SMALL)
    assert model(np.zeros((1, 64, 96, 1))).shape == (1, 64, 96, 2)


def test_other_layout():
    last = small()
    gm.config.set_image_data_format("channels_first")
    try:
        first = gm.applications.UNet((3, 32, 32), **SMALL)
    finally:
        gm.config.set_image_data_format("channels_last")
    first.set_weights(last.get_weights())
    images = batch()[0]
    found = first(images.transpose(0, 3, 1, 2)).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found, last(images).numpy(), rtol=1e-4, atol=1e-5)


def test_frozen_encoder_keeps_its_weights_and_leaves_no_gradient():
    model = small()
    model.compile("adam", LOSS)
    images, masks = batch()
    encoder = model.get_layer("encoder")
    before = [each.copy() for each in encoder.get_weights()]
    model.fit(images, masks, batch_size=4, epochs=2, verbose=0)
    for old, new in zip(before, encoder.get_weights()):
        np.testing.assert_array_equal(new, old)
    rows = [row for row in model.plan_for(images, masks).costs() if "/encoder/" in row["layer"]]
    assert len(rows) >= 20 and {row["role"] for row in rows} == {"forward"}


def test_trained_encoder_moves():
    model = small(train_encoder=True)
    model.compile("adam", LOSS)
    images, masks = batch()
    before = [each.copy() for each in model.get_layer("encoder").get_weights()]
    model.train_on_batch(images, masks)
    moved = [(new != old).any() for old, new in zip(before, model.get_layer("encoder").get_weights())]
    assert all(moved)


def test_a_frozen_encoder_takes_less_memory():
    images, masks = batch(64, 8)
    bytes_of = []
    for train_encoder in (False, True):
        model = small(64, train_encoder=train_encoder)
        model.compile("adam", LOSS)
        bytes_of.append(model.plan_for(images, masks).arena_bytes)
    assert bytes_of[0] < 0.6 * bytes_of[1]


def test_it_learns_shapes():
    gm.utils.set_random_seed(1)
    train, _ = gm.datasets.shapes.synthetic(48, 1, (32, 32), seed=1)
    model = small(train_encoder=True)
    model.compile(gm.optimizers.Adam(3e-3), LOSS)
    losses = model.fit(train.images / 127.5 - 1, train.masks, batch_size=16, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("ending", [".h5", ".weights.h5", ".keras"])
@pytest.mark.parametrize("include_top", [False, True])
def test_encoder_weights_from_a_file(tmp_path, ending, include_top):
    source = gm.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=include_top)
    path = tmp_path / f"encoder{ending}"
    (source.save if ending == ".keras" else source.save_weights)(path)
    found = {each.name: each for each in small(encoder_weights=path).get_layer("encoder").layers}
    for layer in source.layers:
        if layer.name in found and layer.weights:
            for one, other in zip(layer.get_weights(), found[layer.name].get_weights()):
                np.testing.assert_array_equal(other, one)


def test_whole_weights_from_a_file(tmp_path):
    model = small()
    model.save_weights(tmp_path / "unet.weights.h5")
    other = small(weights=tmp_path / "unet.weights.h5")
    images = batch()[0]
    np.testing.assert_array_equal(other(images).numpy(), model(images).numpy())
    model.save(tmp_path / "unet.keras")
    again = gm.saving.load_model(tmp_path / "unet.keras")
    np.testing.assert_allclose(again(images).numpy(), model(images).numpy(), rtol=1e-6, atol=1e-7)
    assert not again.get_layer("encoder").trainable


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"input_shape": (48, 32, 3)}, "ShapeError", "multiples of 32; received the image shape \\(48, 32, 3\\)"),
        ({"input_shape": (None, None, 3)}, "ShapeError", "multiples of 32"),
        ({"input_shape": (16, 16, 3)}, "ShapeError", "at least 32x32"),
        ({"filters": (8, 8, 8)}, "ArgumentError", "four positive integers; received \\(8, 8, 8\\)"),
        ({"filters": (8, 8, 8, 0)}, "ArgumentError", "four positive integers"),
        ({"encoder_weights": "imagenet"}, "ArgumentError", "no weights come with this package"),
        ({"encoder_weights": 5}, "ArgumentError", "received 5"),
        ({"classes": 0}, "ArgumentError", "positive integer; received 0"),
        ({"alpha": -1}, "ArgumentError", "alpha"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(getattr(gm.errors, error), match=words):
        gm.applications.UNet(**{"input_shape": (32, 32, 3), **SMALL, **options})


def test_files_of_another_network(tmp_path):
    with pytest.raises(FileNotFoundError):
        small(encoder_weights=tmp_path / "absent.h5")
    gm.applications.MobileNetV2((32, 32, 3), alpha=0.5).save_weights(tmp_path / "wide.h5")
    with pytest.raises(gm.errors.GradMillError, match="wide.h5"):
        small(encoder_weights=tmp_path / "wide.h5")
    gm.applications.SqueezeNet1_1((64, 64, 3), classes=2).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(gm.errors.ArgumentError, match="other.weights.h5"):
        small(encoder_weights=tmp_path / "other.weights.h5")


def test_a_mask_of_another_size_is_an_error():
    model = small()
    model.compile("adam", LOSS)
    images, masks = batch()
    with pytest.raises(gm.errors.ShapeError, match=r"shape \(4, 32, 32\); received y_true \(4, 16, 16\)"):
        model.fit(images, masks[:, ::2, ::2], verbose=0)
    with pytest.raises(gm.errors.ArgumentError, match="labels must lie in 0..2"):
        model.fit(images, masks + 1, verbose=0)
    with pytest.raises(gm.errors.ShapeError, match=r"\(None, 32, 32, 3\)"):
        model.fit(images[..., :1], masks, verbose=0)
