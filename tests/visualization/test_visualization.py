"""Boxes, masks and galleries; masks as Keras 3.15 paints them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

_FOLDER = Path(__file__).parents[1] / "golden" / "visualization"
_SPEC = importlib.util.spec_from_file_location("make_masks", _FOLDER / "make_masks.py")
recorded = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(recorded)
BLACK = np.zeros((1, 30, 40, 3), "uint8")


def boxes(*sides, labels=None):
    return {"boxes": np.array([sides], "float32"), "labels": np.array([labels or [0] * len(sides)])}


def pixels_of(path):
    return gm.utils.img_to_array(gm.utils.load_img(path), dtype="uint8")


@pytest.mark.parametrize("name", recorded.CASES)
def test_masks_are_those_of_keras(name):
    with np.load(_FOLDER / "masks.npz") as file:
        expected = file[name]
    found = gm.visualization.draw_segmentation_masks(recorded.IMAGES, recorded.MASKS, **recorded.CASES[name])
    assert found.dtype == expected.dtype
    # A number that is cut off to a whole one may be rounded to the other side of it before.
    assert np.max(np.abs(found.astype(float) - expected)) <= 1
    assert np.mean(found != expected) < 0.02


def test_masks_without_a_channel_and_with_channels_first():
    draw = gm.visualization.draw_segmentation_masks
    expected = draw(recorded.IMAGES, recorded.MASKS, 5)
    np.testing.assert_array_equal(draw(recorded.IMAGES, recorded.MASKS[..., 0], 5), expected)
    turned = recorded.IMAGES.transpose(0, 3, 1, 2), recorded.MASKS.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(draw(*turned, 5, data_format="channels_first"), expected)


def test_a_frame_has_its_thickness_and_stays_in_the_image():
    draw = gm.visualization.draw_bounding_boxes
    found = draw(BLACK, boxes([10, 5, 20, 15]), "xyxy", color=(1, 2, 3), line_thickness=3)[0]
    expected = np.zeros((30, 40), bool)
    expected[4:17, 9:22] = True
    expected[7:14, 12:19] = False
    np.testing.assert_array_equal(found, expected[..., None] * np.array([1, 2, 3]))
    outside = draw(BLACK, boxes([-5, -9, 100, 8], [-9, -9, -3, -3]), "xyxy", color=(1, 2, 3), line_thickness=1)[0]
    assert set(np.argwhere(outside[..., 0])[:, 0]) == {8}
    filled = draw(BLACK, boxes([10, 5, 20, 15]), "xyxy", color=(1, 2, 3), line_thickness=-1)[0]
    assert filled[5:16, 10:21].all()
    assert np.count_nonzero(filled[..., 0]) == 11 * 11


def test_formats_layouts_and_dtypes_agree():
    draw = gm.visualization.draw_bounding_boxes
    expected = draw(BLACK, boxes([10, 6, 20, 15], labels=[2]), "xyxy")
    assert not BLACK.any()
    relative = boxes([0.25, 0.2, 0.5, 0.5], labels=[2])
    np.testing.assert_array_equal(draw(gm.ops.zeros((1, 30, 40, 3)), relative, "rel_xyxy"), expected)
    turned = draw(BLACK.transpose(0, 3, 1, 2), relative, "rel_xyxy", data_format="channels_first")
    np.testing.assert_array_equal(turned.transpose(0, 2, 3, 1), expected)
    assert not draw(BLACK, boxes([10, 6, 20, 15], labels=[-1]), "xyxy").any()
    bright = draw(np.ones((1, 8, 8, 3)), boxes([2, 2, 3, 3], labels=[-1]), "xyxy")
    assert (bright == 255).all()


def test_text_stands_beside_the_frame():
    pytest.importorskip("PIL")
    draw, box = gm.visualization.draw_bounding_boxes, boxes([30, 60, 90, 90])
    images = np.zeros((1, 100, 200, 3), "uint8")
    plain = draw(images, box, "xyxy")
    found = draw(images, box, "xyxy", {0: "cat"})
    written = np.argwhere((found != plain).any(-1)[0])
    assert len(written) > 50
    assert written[:, 0].max() < 60
    assert written[:, 1].min() >= 30
    longer = draw(images, {**box, "confidences": np.array([[0.5]])}, "xyxy", {0: "cat"})
    assert np.argwhere((longer != plain).any(-1)[0])[:, 1].max() > written[:, 1].max()


def test_galleries_are_files_of_their_size(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL")
    images = np.random.default_rng(0).uniform(0, 1, (5, 8, 8, 3))
    module, path = gm.visualization, tmp_path / "gallery.png"
    module.plot_image_gallery(images, [0, 1, 0, 1, 0], label_map={0: "a"}, value_range=(0, 1), path=path, dpi=50)
    height, width = pixels_of(path).shape[:2]
    assert 100 <= width <= 260
    assert width < height <= 360
    box = {"boxes": np.tile([1.0, 1.0, 5.0, 5.0], (5, 1, 1)), "labels": np.zeros((5, 1), int)}
    module.plot_bounding_box_gallery(images, "xyxy", box, box, (0, 1), legend=True, path=tmp_path / "boxes.png")
    masks = np.zeros((5, 8, 8), "int32")
    module.plot_segmentation_mask_gallery(images, 2, (0, 1), masks, masks, path=tmp_path / "masks.png", scale=1)
    tall, wide = pixels_of(tmp_path / "masks.png").shape[:2]
    assert tall > 1.3 * wide
    assert (tmp_path / "boxes.png").stat().st_size > 1000


def test_one_image_goes_through_as_it_is(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL")
    image = np.zeros((1, 2, 2, 3))
    image[0, 0, 0] = [1, 0, 0]
    gm.visualization.plot_image_gallery(image, value_range=(0, 1), path=tmp_path / "one.png", transparent=False)
    shown = pixels_of(tmp_path / "one.png")
    height, width = shown.shape[:2]
    assert shown[height // 4, width // 4].tolist() == [255, 0, 0]
    assert shown[3 * height // 4, 3 * width // 4].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.draw_bounding_boxes(BLACK[0], boxes([1, 1, 2, 2]), "xyxy"), "Shape", "images with 4 axes"),
        (lambda m: m.draw_bounding_boxes(BLACK, [1], "xyxy"), "Argument", "'boxes' and 'labels'; received list"),
        (lambda m: m.draw_bounding_boxes(BLACK, {"boxes": 1}, "xyxy"), "Argument", r"received \['boxes'\]"),
        (lambda m: m.draw_bounding_boxes(BLACK, boxes([1, 1, 2, 2]), "abc"), "Argument", "abc"),
        (
            lambda m: m.draw_bounding_boxes(BLACK, {**boxes([1, 1, 2, 2]), "labels": [0]}, "xyxy"), "Shape",
            r"a label for each; received \(1, 1, 4\) and \(1,\)",
        ),
        (lambda m: m.draw_segmentation_masks(BLACK, BLACK[..., 0] * 1.0), "DType", "integers; received float64"),
        (lambda m: m.draw_segmentation_masks(BLACK, BLACK[:, 1:, :, 0]), "Shape", r"masks of shape \(1, 30, 40\)"),
        (lambda m: m.draw_segmentation_masks(BLACK, BLACK[..., 0], 2, {1: (0, 0, 0)}), "Argument", r"\[0\] have none"),
        (lambda m: m.plot_image_gallery(BLACK, path="a", show=True), "Argument", "either path or show"),
        (lambda m: m.plot_image_gallery(BLACK, [0]), "Argument", "expected a label_map"),
        (
            lambda m: m.plot_bounding_box_gallery(BLACK, "xyxy", legend=True, legend_handles=[1]), "Argument",
            "received both",
        ),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(getattr(gm.errors, f"{error}Error"), match=message):
        call(gm.visualization)


def test_matplotlib_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(gm.errors.UnsupportedError, match="plot_image_gallery: drawing needs matplotlib"):
        gm.visualization.plot_image_gallery(BLACK, path="x.png")
