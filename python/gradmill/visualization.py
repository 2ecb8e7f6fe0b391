"""Images with boxes and masks drawn into them, and galleries of images."""

from __future__ import annotations

import importlib
import math
from typing import Any, Optional, Sequence

import numpy as np

from gradmill.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from gradmill.layers.reshaping import standardize_data_format
from gradmill.utils.bounding_boxes import convert_format
from gradmill.utils.model_plot import plotting_module

__all__ = [
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "plot_bounding_box_gallery",
    "plot_image_gallery",
    "plot_segmentation_mask_gallery",
]

# Letters of this size have capitals of 21 pixels, the height that a `font_scale` of 1 stands for.
_FONT_SIZE = 30
_PALETTE = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])


def _with_channels_last(who: str, images: Any, data_format: Optional[str]) -> np.ndarray:
    """Images as an array (batch, height, width, channels)."""
    pixels = np.asarray(images)
    if pixels.ndim != 4:
        raise ShapeError(f"{who}: expected images with 4 axes, batch first; received shape {pixels.shape}")
    is_first = standardize_data_format(data_format, who) == "channels_first"
    return pixels.transpose(0, 2, 3, 1) if is_first else pixels


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Any,
    bounding_box_format: str,
    class_mapping: Optional[dict] = None,
    color: Sequence[int] = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: Optional[int] = 1,
    font_scale: float = 1.0,
    data_format: Optional[str] = None,
) -> np.ndarray:
    """Return images with frames around what they show.

    Args:
        images: (batch, height, width, channels); floats of which none is above 1 are shares of 255.
        bounding_boxes: dictionary with "boxes" (batch, boxes, 4), "labels" (batch, boxes), -1 for no box, and perhaps
            "confidences" (batch, boxes).
        bounding_box_format: such as "xyxy"; see `gm.utils.bounding_boxes`.
        class_mapping: text for labels, which is written at their frames by Pillow; default: none.
        color: of frames and text, as numbers from 0 to 255.
        line_thickness: pixels; negative for filled frames.
        text_thickness: pixels that letters are bold; default: `line_thickness`.
        font_scale: size of letters.
        data_format: "channels_last", "channels_first" or None.

    Returns:
        array of uint8 like `images`.

    Raises:
        ArgumentError: boxes that are no dictionary with "boxes" and "labels", an unknown format.
        ShapeError: images without 4 axes; boxes or labels that do not fit.
        UnsupportedError: there is text, and Pillow is not installed.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> boxes = {"boxes": [[[1, 1, 3, 3]]], "labels": [[0]]}
        >>> images = np.zeros((1, 5, 5, 1), "uint8")
        >>> gm.visualization.draw_bounding_boxes(images, boxes, "xyxy", color=(7,), line_thickness=1)[0, :, :, 0]
        array([[0, 0, 0, 0, 0],
               [0, 7, 7, 7, 0],
               [0, 7, 0, 7, 0],
               [0, 7, 7, 7, 0],
               [0, 0, 0, 0, 0]], dtype=uint8)
    """
    who = "draw_bounding_boxes"
    pixels = _with_channels_last(who, images, data_format)
    if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= set(bounding_boxes):
        received = sorted(bounding_boxes) if isinstance(bounding_boxes, dict) else type(bounding_boxes).__name__
        raise ArgumentError(f"{who}: expected a dictionary with 'boxes' and 'labels'; received {received}")
    count, height, width, channels = pixels.shape
    boxes = np.asarray(convert_format(bounding_boxes["boxes"], bounding_box_format, "xyxy", height, width))
    labels = np.asarray(bounding_boxes["labels"])
    if boxes.ndim != 3 or boxes.shape[0] != count or labels.shape != boxes.shape[:2]:
        raise ShapeError(
            f"{who}: expected boxes ({count}, boxes, 4) and a label for each; received {boxes.shape} and {labels.shape}"
        )
    confidences = bounding_boxes.get("confidences")
    if pixels.dtype.kind == "f":
        pixels = np.clip(pixels, 0, 1) * 255 if pixels.size and pixels.max() <= 1 else np.clip(pixels, 0, 255)
    drawn = pixels.astype("uint8")  # a copy, also of bytes
    paint = np.array([*color, *[255] * channels][:channels], "uint8")
    for number, image in enumerate(drawn):
        for place, (box, label) in enumerate(zip(boxes[number].astype(int).tolist(), labels[number].astype(int))):
            if label == -1:
                continue
            _frame(image, box, paint, line_thickness)
            text = (class_mapping or {}).get(int(label))
            if text is not None:
                if confidences is not None:
                    text = f"{text} | {float(np.asarray(confidences)[number][place]):.2f}"
                _write(image, text, box[:2], paint, text_thickness or line_thickness, font_scale)
    is_first = standardize_data_format(data_format, who) == "channels_first"
    return drawn.transpose(0, 3, 1, 2) if is_first else drawn


def _frame(image: np.ndarray, box: list, paint: np.ndarray, thickness: int) -> None:
    """Paint the sides of a box, the corners' pixels among them, or all of it."""
    left, top, right, bottom = box
    if thickness < 0:
        _fill(image, left, top, right, bottom, paint)
        return
    before, behind = thickness // 2, (thickness - 1) // 2
    for row in (top, bottom):
        _fill(image, left - before, row - before, right + behind, row + behind, paint)
    for column in (left, right):
        _fill(image, column - before, top - before, column + behind, bottom + behind, paint)


def _fill(image: np.ndarray, left: int, top: int, right: int, bottom: int, paint: np.ndarray) -> None:
    if right >= 0 and bottom >= 0:
        image[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = paint


def _write(image: np.ndarray, text: str, corner: list, paint: np.ndarray, thickness: int, scale: float) -> None:
    """Write above a corner, or below it where there is no room."""
    try:
        pictures, drawing, fonts = (
            importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont")
        )
    except ImportError:
        raise UnsupportedError("draw_bounding_boxes: text needs Pillow; pip install Pillow") from None
    left, top = corner
    letters = int(scale * 12)
    has_room = top - 8 - 2 * letters > 0
    place = (left, top - 8) if has_room else (left + 3, top + 2 * letters + thickness + 3)
    mask = pictures.new("L", image.shape[1::-1])
    font = fonts.load_default(_FONT_SIZE * scale)
    drawing.Draw(mask).text(place, text, 255, font=font, anchor="ls", stroke_width=max(0, thickness - 1) // 2)
    image[np.asarray(mask) > 127] = paint


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: Optional[int] = None,
    color_mapping: Optional[dict] = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: Optional[str] = None,
) -> np.ndarray:
    """Return images with the classes of their pixels painted over them.

    Args:
        images: (batch, height, width, channels).
        segmentation_masks: integers (batch, height, width) or (batch, height, width, 1).
        num_classes: classes from this one on are not painted; default: the largest in `segmentation_masks`.
        color_mapping: colour for each class below `num_classes`, as numbers from 0 to 255; default: a palette, in which
            class 0 is black.
        alpha: share of the paint, from 0 to 1.
        blend: whether images show through; else the paint covers them.
        ignore_index: a class that is not painted.
        data_format: "channels_last", "channels_first" or None.

    Returns:
        array (batch, height, width, channels): uint8, or float32 without `blend`.

    Raises:
        ArgumentError: a class without a colour.
        DTypeError: masks that are no integers.
        ShapeError: images without 4 axes, or masks that do not fit.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> images, masks = np.full((1, 1, 2, 3), 200.0), np.array([[[1, -1]]])
        >>> colors = {0: (0, 0, 0), 1: (100, 0, 0)}
        >>> gm.visualization.draw_segmentation_masks(images, masks, 2, colors, alpha=0.5)[0, 0]
        array([[150, 100, 100],
               [200, 200, 200]], dtype=uint8)
    """
    who = "draw_segmentation_masks"
    pixels = _with_channels_last(who, images, data_format).astype("float32")
    masks = np.asarray(segmentation_masks)
    if masks.dtype.kind not in "iu":
        raise DTypeError(f"{who}: expected segmentation_masks of integers; received {masks.dtype}")
    if masks.ndim == 4:
        masks = masks[:, 0] if standardize_data_format(data_format, who) == "channels_first" else masks[..., 0]
    if masks.shape != pixels.shape[:3]:
        raise ShapeError(
            f"{who}: expected masks of shape {pixels.shape[:3]}, with or without a channel; received "
            f"{np.shape(segmentation_masks)}"
        )
    classes = int(masks.max(initial=0)) if num_classes is None else int(num_classes)
    missing = [] if color_mapping is None else [each for each in range(classes) if each not in color_mapping]
    if missing:
        raise ArgumentError(f"{who}: color_mapping needs a colour for each class below {classes}; {missing} have none")
    painted = pixels.copy()
    for each in range(classes):
        painted[masks == each] = (each * _PALETTE) % 255 if color_mapping is None else color_mapping[each]
    if not blend:
        return painted
    mixed = pixels * np.float32(1 - alpha) + painted * np.float32(alpha)
    return np.where((masks != ignore_index)[..., None], mixed, pixels).astype("uint8")


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Optional[dict] = None,
    rows: Optional[int] = None,
    cols: Optional[int] = None,
    value_range: Sequence[float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: Optional[bool] = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Any = None,
    data_format: Optional[str] = None,
) -> None:
    """Draw images side by side, into a file or on the screen; needs matplotlib.

    Args:
        images: (batch, height, width, channels).
        y_true, y_pred: class of each image, which stands above it.
        label_map: text for each class.
        rows, cols: how many images; default: a square that has room for all.
        value_range: what is black and what is full brightness.
        scale: inches of an image.
        path: the file; its ending says which kind.
        show: whether to show the figure; default: unless there is a `path`.
        transparent, dpi: of the file.
        legend_handles: patches of matplotlib for a legend.
        data_format: "channels_last", "channels_first" or None.

    Raises:
        ArgumentError: both `path` and `show`, or classes without `label_map`.
        ShapeError: images without 4 axes.
        UnsupportedError: matplotlib is not installed.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> gm.visualization.plot_image_gallery(np.zeros((4, 8, 8, 3)), path="gallery.png")  # doctest: +SKIP
    """
    who = "plot_image_gallery"
    if path is not None and show:
        raise ArgumentError(f"{who}: expected either path or show; received path={path!r} and show={show}")
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise ArgumentError(f"{who}: expected a label_map beside y_true and y_pred; received None")
    pixels = _with_channels_last(who, images, data_format)
    rows = rows or math.ceil(math.sqrt(len(pixels)))
    cols = cols or math.ceil(len(pixels) / rows)
    low, high = value_range
    pixels = np.clip((pixels[: rows * cols].astype("float32") - low) / (high - low) * 255, 0, 255).astype("uint8")
    settings = {"figsize": (cols * scale, rows * scale), "frameon": False, "layout": "tight"}
    # A figure for a file needs no window and is nobody else's to see.
    figure = (
        plotting_module(who, "pyplot").figure(**settings)
        if path is None
        else plotting_module(who, "figure").Figure(**settings)
    )
    axes = figure.subplots(rows, cols, squeeze=False, sharex="row", sharey="col").ravel()
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    said = [(name, np.asarray(each)) for name, each in (("Label", y_true), ("Pred", y_pred)) if each is not None]
    for axis in axes:
        axis.axis("off")
    for number, (axis, image) in enumerate(zip(axes, pixels)):
        axis.imshow(np.repeat(image, 3, -1) if image.shape[-1] == 1 else image)
        axis.margins(x=0, y=0)
        titles = [
            f"{name}: {(label_map or {}).get(classes[number].item(), 'Unknown')}"
            for name, classes in said
            if number < len(classes)
        ]
        if titles:
            axis.set_title("  ".join(titles), fontsize=8)
    if path is not None:
        figure.savefig(path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show or show is None:
        pyplot = plotting_module(who, "pyplot")
        pyplot.show()
        pyplot.close(figure)


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Any = None,
    y_pred: Any = None,
    value_range: Sequence[float] = (0, 255),
    true_color: Sequence[int] = (0, 188, 212),
    pred_color: Sequence[int] = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: Optional[int] = None,
    class_mapping: Optional[dict] = None,
    ground_truth_mapping: Optional[dict] = None,
    prediction_mapping: Optional[dict] = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: Optional[int] = None,
    cols: Optional[int] = None,
    data_format: Optional[str] = None,
    **kwargs: Any,
) -> None:
    """Draw images side by side with frames around what they show; needs matplotlib.

    Args:
        images: (batch, height, width, channels).
        bounding_box_format: such as "xyxy".
        y_true, y_pred: true and predicted boxes, as `draw_bounding_boxes` takes them.
        value_range: what is black and what is full brightness.
        true_color, pred_color: of the frames.
        line_thickness, font_scale, text_thickness: as in `draw_bounding_boxes`.
        class_mapping: text for labels; `ground_truth_mapping` and `prediction_mapping` go first.
        ground_truth_mapping, prediction_mapping: text for labels of true and of predicted boxes.
        legend: whether a legend says which colour is which.
        legend_handles: patches of matplotlib for another legend.
        rows, cols, kwargs: as in `plot_image_gallery`.
        data_format: "channels_last", "channels_first" or None.

    Raises:
        ArgumentError: both `legend` and `legend_handles`, or boxes of another kind.
        ShapeError: images without 4 axes; boxes or labels that do not fit.
        UnsupportedError: matplotlib is not installed.
    """
    who = "plot_bounding_box_gallery"
    if legend and legend_handles:
        raise ArgumentError(f"{who}: expected either legend or legend_handles; received both")
    patches = plotting_module(who, "patches")
    low, high = value_range
    plotted = (_with_channels_last(who, images, data_format).astype("float32") - low) / (high - low) * 255
    plotted = np.clip(plotted, 0, 255).astype("uint8")
    kinds = (
        ("Ground Truth", y_true, true_color, ground_truth_mapping),
        ("Prediction", y_pred, pred_color, prediction_mapping),
    )
    for _, boxes, color, mapping in kinds:
        if boxes is not None:
            plotted = draw_bounding_boxes(
                plotted, boxes, bounding_box_format, mapping or class_mapping, color, line_thickness, text_thickness,
                font_scale, "channels_last",
            )  # fmt: skip
    if legend:
        legend_handles = [patches.Patch(color=np.array(color) / 255, label=name) for name, _, color, _ in kinds]
    plot_image_gallery(
        plotted, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last", **kwargs
    )


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: Optional[int],
    value_range: Sequence[float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Optional[dict] = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: Optional[str] = None,
    **kwargs: Any,
) -> None:
    """Draw each image beside itself with its true and its predicted mask; needs matplotlib.

    Args:
        images: (batch, height, width, channels).
        num_classes: classes from this one on are not painted.
        value_range: what is black and what is full brightness.
        y_true, y_pred: true and predicted masks, as `draw_segmentation_masks` takes them.
        color_mapping, blend, alpha, ignore_index: as there.
        data_format: "channels_last", "channels_first" or None.
        kwargs: as in `plot_image_gallery`.

    Raises:
        ArgumentError: a class without a colour.
        ShapeError: images without 4 axes, or masks that do not fit.
        UnsupportedError: matplotlib is not installed.
    """
    who = "plot_segmentation_mask_gallery"
    pixels = _with_channels_last(who, images, data_format)
    low, high = value_range
    columns = [np.clip((pixels.astype("float32") - low) / (high - low) * 255, 0, 255)]
    for masks in (y_true, y_pred):
        if masks is not None:
            masks = np.asarray(masks).astype("int32")
            if masks.ndim == 4 and standardize_data_format(data_format, who) == "channels_first":
                masks = masks.transpose(0, 2, 3, 1)
            columns.append(
                draw_segmentation_masks(
                    columns[0], masks, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
                ).astype("float32")
            )
    gallery = np.stack(columns, 1).reshape(-1, *pixels.shape[1:])
    plot_image_gallery(gallery, rows=len(pixels), cols=len(columns), data_format="channels_last", **kwargs)
