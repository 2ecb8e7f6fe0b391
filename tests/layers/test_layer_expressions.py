"""Layers around layers, boxes, spectrograms: values that the modules of expressions recorded with Keras 3.15."""

import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.testing import run_layer_check
from recorded_values import recorded_values

sys.path.insert(0, str(Path(__file__).parent))
import layer_expressions
import spectrogram_expressions

X, SOUND = layer_expressions.X, spectrogram_expressions.SOUND
layers, boxes = gm.layers, gm.utils.bounding_boxes


# Angles of numbers near 0 change much with the last bits.
WIDER = {"spectrogram angle": 1e-4}
MODULES = (layer_expressions, spectrogram_expressions)
ALL = [(module, name) for module in MODULES for name in module.EXPRESSIONS]


@pytest.fixture(scope="module")
def recorded():
    return {module: recorded_values(module) for module in MODULES}


@pytest.mark.parametrize(("module", "name"), ALL, ids=[name for _, name in ALL])
def test_expression(module, name, recorded):
    found, expected = module.value_of(name, gm), recorded[module][name]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=WIDER.get(name, 2e-5))


# The layers inside compute in float32, too coarse for differences; trained models above have Keras's gradients.
PLAIN = {"check_gradient": False}


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "expected"),
    [
        ("SpectralNormalization", {"layer": layers.Dense(3)}, (2, 4), {"expected_num_weights": 3, **PLAIN}),
        ("SpectralNormalization", {"layer": layers.Conv2D(3, 2)}, (2, 4, 4, 2), PLAIN),
        ("Pipeline", {"layers": [layers.Rescaling(2.0), layers.Flatten()]}, (2, 3, 4), PLAIN),
        ("Pipeline", {"layers": [layers.Dense(3), layers.Dropout(0.5)]}, (2, 4), {"check_compiled": False, **PLAIN}),
        ("STFTSpectrogram", {"frame_length": 8, "mode": "psd"}, (2, 20, 3), {"expected_num_weights": 2}),
        ("STFTSpectrogram", {"frame_length": 8, "mode": "imag"}, (2, 20, 3), {"expected_num_weights": 1}),
        ("STFTSpectrogram", {"frame_length": 6, "expand_dims": True}, (2, 20, 3), {}),
        ("MelSpectrogram", {"fft_length": 16, "sequence_stride": 4, "num_mel_bins": 3, "top_db": 1e3}, (2, 40), {}),
        ("MaxNumBoundingBoxes", {"max_number": 2}, (2, 4, 4, 3), {"expected_output_shape": (2, 4, 4, 3)}),
    ],
)  # fmt: skip
def test_layer(name, arguments, shape, expected):
    run_layer_check(getattr(layers, name), arguments, shape, **expected)


def test_spectral_normalization_is_the_same_eagerly_and_compiled():
    layer = layers.SpectralNormalization(layers.Dense(3))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    layer(x)
    start = [each.numpy() for each in layer.weights]

    def step():
        with gm.GradientTape() as tape:
            loss = gm.ops.sum(gm.ops.square(layer(x, training=True)))
        return tape.gradient(loss, layer.trainable_variables)

    found = []
    for each in (step, gm.function(step)):
        layer.set_weights(start)
        found.append([*each(), *layer.weights])
    for one, other in zip(*found):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
    # The gradient is that of the kernel that the call left.
    kernel, bias = layer.layer.kernel.numpy(), layer.layer.bias.numpy()
    np.testing.assert_allclose(found[0][0].numpy(), 2 * x.T @ (x @ kernel + bias), rtol=1e-4, atol=1e-5)
    assert not np.allclose(kernel, start[0])


def test_spectral_normalization_of_words_and_of_zeros():
    words = layers.SpectralNormalization(layers.Embedding(5, 3), power_iterations=30)
    assert words(np.array([[0, 4]]), training=True).dtype == "float32"
    assert np.linalg.norm(words.layer.embeddings.numpy(), 2) == pytest.approx(1.0, abs=1e-3)
    zeros = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    assert zeros(np.ones((1, 3)), training=True).numpy().tolist() == [[0.0, 0.0]]
    outside = layers.SpectralNormalization(layers.Dense(2))
    outside(np.ones((1, 3)))
    before = outside.layer.kernel.numpy()
    outside(np.ones((1, 3)), training=False)
    np.testing.assert_array_equal(outside.layer.kernel.numpy(), before)


def test_in_models_that_are_saved(tmp_path):
    model = gm.Sequential(
        [
            gm.Input((8, 8, 3)),
            layers.Pipeline([layers.RandomFlip(seed=1), layers.Rescaling(0.5)]),
            layers.SpectralNormalization(layers.Conv2D(4, 3)),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(8, 8, 8, 3)).astype("float32")
    model.fit(x, np.ones((8, 1), "float32"), epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = gm.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    assert [type(each).__name__ for each in again.layers[0].layers] == ["RandomFlip", "Rescaling"]


def test_pipeline_passes_masks_and_training_on():
    pipeline = layers.Pipeline([layers.Masking(), layers.LSTM(2)])
    x = np.float32([[[1.0], [2.0], [0.0]]])
    np.testing.assert_allclose(pipeline(x).numpy(), pipeline(x[:, :2]).numpy(), rtol=1e-6)
    drops = layers.Pipeline([layers.Dropout(0.5, seed=1)])
    assert (drops(np.ones((4, 50))).numpy() == 0).any() and (drops(np.ones((4, 50)), training=False).numpy() == 1).all()
    dataset = gm.data.Dataset.from_tensor_slices(np.ones((4, 6, 6, 3), "float32")).batch(2)
    found = next(iter(dataset.map(layers.Pipeline([layers.CenterCrop(3, 3), layers.Rescaling(2.0)]))))
    np.testing.assert_array_equal(np.asarray(found), np.full((2, 3, 3, 3), 2.0))


def test_boxes_of_one_image():
    boxed = {"boxes": np.ones((1, 4)), "labels": np.array([2])}
    data = {"images": np.ones((4, 4, 3), "float32"), "bounding_boxes": boxed}
    found = layers.MaxNumBoundingBoxes(3)(data)["bounding_boxes"]
    assert found["labels"].numpy().tolist() == [2, -1, -1] and tuple(found["boxes"].shape) == (3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.SpectralNormalization(layers.Dense(2), power_iterations=0), "positive integer; received 0"),
        (lambda: layers.SpectralNormalization("dense"), "expected a layer; received 'dense'"),
        (lambda: layers.SpectralNormalization(layers.Flatten()).build((2, 3)), "or embeddings; received Flatten"),
        (lambda: layers.Pipeline(layers.Flatten()), "expected a list of layers; received"),
        (lambda: layers.Pipeline.from_config({"name": "a"}), "with a list of 'layers'"),
        (lambda: layers.STFTSpectrogram("power"), "mode to be one of .*received 'power'"),
        (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), "at most frame_length; received 9 and 8"),
        (lambda: layers.STFTSpectrogram(frame_length=8, fft_length=4), "at least frame_length; received 4 and 8"),
        (lambda: layers.STFTSpectrogram(padding="full"), "'valid' or 'same'; received 'full'"),
        (lambda: layers.STFTSpectrogram(window="han"), "window to be one of .*received 'han'"),
        (lambda: layers.STFTSpectrogram(scaling="power"), "STFT: expected scaling .*received 'power'"),
        (lambda: layers.STFTSpectrogram()(np.ones((2, 999))), "3 axes|ndim"),
        (lambda: layers.MelSpectrogram(8, sequence_length=9), "at least sequence_length; received 8 and 9"),
        (lambda: layers.MelSpectrogram(8)(np.ones((1, 2, 99))), r"\(batch, n\); received \(1, 2, 99\)"),
        (lambda: gm.initializers.STFT("both"), "STFT: expected side .*received 'both'"),
        (lambda: gm.initializers.STFT()((3, 2, 4)), r"\(frame, 1, bins\); received \(3, 2, 4\)"),
        (lambda: layers.MaxNumBoundingBoxes(0), "positive integer; received 0"),
        (
            lambda: layers.MaxNumBoundingBoxes(2)({"images": np.ones((1, 2, 2, 3)), "bounding_boxes": {"boxes": [[]]}}),
            r"'boxes' and 'labels'; received \['boxes'\]",
        ),
        (
            lambda: layers.MaxNumBoundingBoxes(2)(
                {"images": X[:1], "bounding_boxes": {"boxes": np.ones((1, 2, 4)), "labels": np.ones((1, 1))}}
            ),
            r"received \(1, 2, 4\) and \(1, 1\)",
        ),
        (lambda: boxes.convert_format(np.ones((2, 3)), "xyxy", "xywh"), r"\(\.\.\., 4\); received \(2, 3\)"),
        (lambda: boxes.convert_format(np.ones((2, 4)), "xyxy", "corners"), "received 'corners'"),
        (lambda: boxes.convert_format(np.ones((2, 4)), "xyxy", "rel_xyxy", height=2), "height=2 and width=None"),
        (lambda: boxes.clip_to_image_size({"boxes": np.ones((2, 4))}, 3), "height=3 and width=None"),
        (lambda: boxes.clip_to_image_size({"boxes": np.ones((2, 4))}, 3, 3, "xywh"), "received 'xywh'"),
        (lambda: boxes.crop(np.ones((2, 4)), 1, 1, 1, 1, "xywh"), "crop: .*received 'xywh'"),
        (lambda: boxes.affine_transform(np.ones((2, 4)), *[[1.0]] * 6, 5, 5), r"boxes, 4\); received \(2, 4\)"),
        (
            lambda: boxes.encode_box_to_deltas(np.ones((2, 4)), np.ones((2, 4)), "xyxy", "xyxy", "xyxy"),
            "encoding_format to be one of .*received 'xyxy'",
        ),
        (
            lambda: boxes.decode_deltas_to_boxes(np.ones((2, 4)), np.ones((2, 4)), "xyxy", "xyxy", variance=[1.0]),
            r"4 numbers as variance; received shape \(1,\)",
        ),
        (lambda: boxes.compute_iou(np.ones(4), np.ones((2, 4)), "xyxy"), "received 1 and 2 axes"),
        (lambda: boxes.compute_iou(np.ones((1, 4)), np.ones((2, 4)), "rel_xyxy"), "expected image_shape"),
        (lambda: boxes.compute_ciou(np.ones((1, 4)), np.ones((2, 4)), "rel_xyxy"), "ciou: expected image_shape"),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_spectrograms_in_a_model_that_is_saved(tmp_path):
    x = gm.Input((200,))
    signal = layers.STFTSpectrogram("magnitude", 32)(layers.Reshape((200, 1))(x))
    bands = layers.Permute((2, 1))(layers.MelSpectrogram(32, 16, num_mel_bins=5)(x))
    parts = [layers.GlobalAveragePooling1D()(signal), layers.GlobalAveragePooling1D()(bands)]
    model = gm.Model(x, layers.Dense(1)(layers.Concatenate()(parts)))
    model.compile("adam", "mse")
    kernel = next(each for each in model.layers if isinstance(each, layers.STFTSpectrogram)).real_kernel
    before = kernel.numpy()
    model.fit(SOUND, np.ones((2, 1), "float32"), epochs=2, verbose=0)
    assert np.abs(kernel.numpy() - before).max() > 0
    model.save(tmp_path / "model.keras")
    again = gm.models.load_model(tmp_path / "model.keras")
    expected = model.predict(SOUND, verbose=0)
    np.testing.assert_allclose(again.predict(SOUND, verbose=0), expected, rtol=1e-6)


def test_names_of_the_stft_initializer():
    assert type(gm.initializers.get("stft")) is gm.initializers.STFTInitializer is gm.initializers.STFT
    again = gm.initializers.deserialize(gm.initializers.serialize(gm.initializers.STFT("imag", None, None, True)))
    assert again.get_config() == {"side": "imag", "window": None, "scaling": None, "periodic": True}


def test_length_that_is_no_power_of_two():
    with pytest.warns(UserWarning, match="power of two; received 48"):
        layers.STFTSpectrogram(frame_length=32, fft_length=48)
