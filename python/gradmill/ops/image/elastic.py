"""Images bent by smooth noise (Simard et al. 2003)."""

from typing import TYPE_CHECKING, Any, Optional

from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.ops.calling import float_tensor, public_op
from gradmill.ops.image.frames import as_given, batch_of
from gradmill.ops.image.sampling import FILL_MODES, bent
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    from gradmill import random
else:
    random = LazyModule("gradmill.random")

__all__ = ["elastic_transform"]


@public_op
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: Optional[str] = None,
) -> Any:
    """Return images bent by smooth noise, each by its own.

    Args:
        images: one image or a batch; integers become float32.
        alpha: how far pixels move.
        sigma: how smooth the noise is, and how large.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: for "constant".
        seed: integer, SeedGenerator or None for the global stream.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats like `images`.

    Raises:
        ArgumentError: another interpolation or mode, or a `sigma` that is not positive.
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f"elastic_transform: expected 'nearest' or 'bilinear'; received {interpolation!r}")
    if fill_mode not in FILL_MODES:
        raise ArgumentError(f"elastic_transform: expected fill_mode to be one of {FILL_MODES}; received {fill_mode!r}")
    if not float(sigma) > 0:
        raise ArgumentError(f"elastic_transform: expected a positive sigma; received {sigma!r}")
    x, single, first = batch_of(float_tensor(images), data_format, "elastic_transform")
    noise = random.normal((2, *x.shape[:3]), dtype=x.dtype, seed=seed)
    size, order = int(6 * float(sigma)) | 1, int(interpolation == "bilinear")
    width = _core.tensor(float(sigma), x.dtype)
    return as_given(bent(x, noise, float(alpha), width, size, order, fill_mode, fill_value), single, first)
