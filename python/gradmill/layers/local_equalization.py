"""Contrast spread tile by tile (Zuiderveld 1994)."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import ops
from gradmill.layers.augmentation_base import BYTES, ColorLayer, rescaled
from gradmill.layers.scale_and_offset import check_number
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class ContrastLimitedAdaptiveHistogramEqualization(ColorLayer):
    """Equalize the values of images tile by tile, in training and outside; each channel by itself.

    Between the middles of tiles their results are interpolated. How much a value may be stretched is limited, so that
    noise in even parts is not.

    Args:
        value_range: smallest and largest value of a pixel.
        clip_limit: values that are more frequent than this many times the mean are counted as often; 0 for no limit.
        tile_grid_size: number of tiles down and across.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a range that is not two numbers, a negative limit, or numbers of tiles that are not positive.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
    >>> layer(gm.ops.ones((1, 9, 7, 3))).shape
    (1, 9, 7, 3)
    """

    _always = True

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, data_format=data_format, **kwargs)
        self.clip_limit = check_number(self._label, "clip_limit", clip_limit)
        self.tile_grid_size = tuple(sizes_of(tile_grid_size, 2, "tile_grid_size", self._label))

    def _adjust(self, images: Any, drawn: Any) -> Any:
        first = self.data_format == "channels_first"
        values = rescaled(ops.cast(images, "float32"), self.value_range, BYTES)
        found = self._equalized(ops.transpose(values, (0, 2, 3, 1)) if first else values)
        found = rescaled(found, BYTES, self.value_range)
        return ops.transpose(found, (0, 3, 1, 2)) if first else found

    def _equalized(self, values: Any) -> Any:
        count, height, width, channels = values.shape
        sides = [-(-size // tiles) for size, tiles in zip((height, width), self.tile_grid_size)]
        values = ops.cast(ops.clip(values, 0.0, 255.0), "int32")
        # The last tiles are filled up with mirrored pixels.
        for axis, (size, side, tiles) in enumerate(zip((height, width), sides, self.tile_grid_size), start=1):
            if side * tiles != size:
                order = np.pad(np.arange(size), (0, side * tiles - size), mode="symmetric").astype("int32")
                values = ops.take(values, order, axis=axis)
        down, across = (np.arange(side * tiles) for side, tiles in zip(sides, self.tile_grid_size))
        tiles = self.tile_grid_size[0] * self.tile_grid_size[1]
        # Each channel of each image has its own row of tables.
        rows = (np.arange(count).reshape(-1, 1, 1, 1) * channels + np.arange(channels)) * tiles
        tables = self._tables(values, rows, down // sides[0], across // sides[1], sides[0] * sides[1])
        total: Any = None
        for tile_down, weight_down in self._neighbours(down, 0, sides):
            for tile_across, weight_across in self._neighbours(across, 1, sides):
                places = self._places(values, rows, tile_down, tile_across)
                part = ops.take(tables, places) * np.multiply.outer(weight_down, weight_across)[None, :, :, None]
                total = part if total is None else total + part
        return total[:, :height, :width]

    def _places(self, values: Any, rows: np.ndarray, down: np.ndarray, across: np.ndarray) -> Any:
        """Where values stand in the tables of the tiles given for each row and column of pixels."""
        tile = down[:, None] * self.tile_grid_size[1] + across[None]
        return values + ((rows + tile[None, :, :, None]) * 256).astype("int32")

    def _tables(self, values: Any, rows: np.ndarray, down: np.ndarray, across: np.ndarray, pixels: int) -> Any:
        """What each of 256 values becomes, for each tile, in one row."""
        places = ops.reshape(self._places(values, rows, down, across), (-1,))
        tables = rows.size * self.tile_grid_size[0] * self.tile_grid_size[1]
        counts = ops.segment_sum(ops.ones_like(ops.cast(places, "float32")), places, tables * 256)
        counts = ops.reshape(counts, (tables, 256))
        if self.clip_limit > 0:
            clipped = ops.minimum(counts, self.clip_limit * pixels / 256.0)
            counts = clipped + ops.sum(counts - clipped, axis=-1, keepdims=True) / 256.0
        total = ops.cumsum(counts, axis=-1)
        least = ops.min(total, axis=-1, keepdims=True)
        rest = float(pixels) - least
        stretched = (total - least) * 255.0 / ops.where(ops.equal(rest, 0.0), 1.0, rest)
        return ops.reshape(ops.clip(stretched, 0.0, 255.0), (-1,))

    def _neighbours(self, places: np.ndarray, axis: int, sides: Sequence[int]) -> list:
        """The two tiles whose middles lie around each row or column, with their weights."""
        at = ((places - sides[axis] / 2.0) / sides[axis]).astype("float32")
        low = np.floor(at)
        most = self.tile_grid_size[axis] - 1
        return [
            (np.clip(tile, 0, most).astype("int64"), weight.astype("float32"))
            for tile, weight in ((low, 1.0 - (at - low)), (low + 1, at - low))
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("clip_limit", "tile_grid_size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
