"""Images seen in perspective."""

from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op
from gradmill.ops.image.frames import as_given, batch_of
from gradmill.ops.image.sampling import sampled

__all__ = ["perspective_transform"]


def _projection(start: Any, end: Any) -> Any:
    """The eight numbers of the map that takes each point of `end` to that of `start`, for a batch."""
    (x, y), (u, v) = ((points[:, :, 0], points[:, :, 1]) for points in (start, end))
    one, zero = u * 0.0 + 1.0, u * 0.0
    rows = [[u, v, one, zero, zero, zero, -x * u, -x * v], [zero, zero, zero, u, v, one, -y * u, -y * v]]
    columns = [
        _core.ops.concatenate([_core.ops.reshape(each, shape=[*each.shape, 1]) for each in row], axis=2) for row in rows
    ]
    wanted = _core.ops.concatenate([x, y], axis=1)
    found = _core.ops.solve(
        _core.ops.concatenate(columns, axis=1), _core.ops.reshape(wanted, shape=[*wanted.shape, 1])
    )
    return _core.ops.reshape(found, shape=list(wanted.shape))


@public_op
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: Optional[str] = None,
) -> Any:
    """Return images seen so that four of their points come to lie elsewhere.

    Args:
        images: one image or a batch; integers become float32.
        start_points: (4, 2) or (batch, 4, 2): column and row of four points of the images.
        end_points: of the same shape: where they lie in the result; no three of them on a line.
        interpolation: "nearest" or "bilinear".
        fill_value: what lies outside of the images.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats like `images`.

    Raises:
        ArgumentError: another interpolation.
        ShapeError: points of another shape.
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f"perspective_transform: expected 'nearest' or 'bilinear'; received {interpolation!r}")
    start, end = float_tensor(start_points), float_tensor(end_points)
    x, single, first = batch_of(float_tensor(images), data_format, "perspective_transform")
    count, height, width, _ = x.shape
    if tuple(start.shape) != tuple(end.shape) or tuple(start.shape) not in ((4, 2), (1, 4, 2), (count, 4, 2)):
        raise ShapeError(
            f"perspective_transform: expected points (4, 2) or ({count}, 4, 2); received {start.shape} and {end.shape}"
        )
    start, end = (_core.ops.broadcast_to(each, shape=[count, 4, 2]) for each in (start, end))
    numbers = _projection(start, end)
    a = [_core.ops.reshape(numbers[:, i], shape=[count, 1, 1]) for i in range(8)]
    column, row = np.meshgrid(np.arange(width, dtype=x.dtype), np.arange(height, dtype=x.dtype))
    depth = a[6] * column + a[7] * row + 1.0
    along, down = (a[0] * column + a[1] * row + a[2]) / depth, (a[3] * column + a[4] * row + a[5]) / depth
    found = sampled(x, down, along, int(interpolation == "bilinear"), "constant", fill_value)
    return as_given(found, single, first)
