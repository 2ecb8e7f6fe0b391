"""pad_sequences, and pictures as arrays; values are those of Keras 3's definitions."""

import numpy as np
import pytest

import gradmill as gm
from gradmill.errors import ArgumentError, ShapeError


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "padding": "post", "truncating": "post", "value": -1}, [[1, -1], [2, 3], [4, 5]]),
    ],
)
def test_pad_sequences(arguments, expected):
    found = gm.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], **arguments)
    assert found.dtype == np.int32 and found.tolist() == expected


def test_pad_sequences_of_vectors():
    found = gm.utils.pad_sequences([np.ones((1, 2)), [], np.ones((2, 2))], dtype="float32")
    assert found.shape == (3, 2, 2) and found.sum(axis=(1, 2)).tolist() == [2, 0, 4]


@pytest.mark.parametrize(
    ("sequences", "arguments", "error", "message"),
    [
        ([[1]], {"padding": "left"}, ArgumentError, "padding 'pre' or 'post'; received 'left'"),
        ([1, 2], {}, ArgumentError, "expected a list of sequences"),
        ([[[1, 2]], [[1]]], {}, ShapeError, r"items of shape \(2,\); received \(1,\)"),
    ],
)
def test_pad_sequences_refuses(sequences, arguments, error, message):
    with pytest.raises(error, match=message):
        gm.utils.pad_sequences(sequences, **arguments)


def test_pictures(tmp_path):
    pytest.importorskip("PIL")
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype("uint8")
    pixels[0, 0], pixels[0, 1] = 0, 255
    path = tmp_path / "a.png"
    gm.utils.save_img(path, pixels)
    read = gm.utils.img_to_array(gm.utils.load_img(path))
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, pixels, atol=1)
    assert gm.utils.img_to_array(gm.utils.load_img(path, color_mode="grayscale"), "channels_first").shape == (1, 6, 8)
    cut = gm.utils.load_img(path, target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(np.asarray(cut), np.asarray(gm.utils.load_img(path))[:, 1:7])
    dark = gm.utils.array_to_img(np.full((2, 2, 1), 0.5), scale=True)
    assert np.asarray(dark).max() == 0
    with pytest.raises(ArgumentError, match="color_mode grayscale, rgb, rgba; received 'cmyk'"):
        gm.utils.load_img(path, color_mode="cmyk")
    with pytest.raises(ShapeError, match=r"received shape \(3, 3, 2\)"):
        gm.utils.array_to_img(np.zeros((3, 3, 2)))
