"""Layers that turn categories into numbers: encoded, cut into bins, hashed, crossed."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import _core, config, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.host_layer import (
    OUTPUT_MODES,
    Adapting,
    HostLayer,
    encode,
    host_value,
    mode_argument,
    on_values,
    refuse_sparse,
)
from gradmill.layers.index_lookup import hash_key, salt_argument
from gradmill.serialization import register_serializable
from gradmill.utils.text_values import is_text

# What TensorFlow's `sparse.cross_hashed` begins with, and the factor of its FingerprintCat64.
_CROSS_KEY = 0xDECAFCAFFE
_CROSS_FACTOR = 0xC6A4A7935BD1E995


@register_serializable("keras.layers")
class CategoryEncoding(Layer):
    """Integers below `num_tokens` as rows of numbers.

    Args:
        num_tokens: number of categories.
        output_mode: "multi_hot", "one_hot" or "count".
        sparse: must be false.

    Inputs: integers, (batch,) or (batch, n). Outputs: "one_hot" adds an axis (or replaces a last one of size 1), the
    others replace the last one; in the compute dtype.

    Raises:
        ArgumentError: unknown settings, integers outside of the categories, weights in a mode other than "count".
        ShapeError: weights of another shape than the inputs.

    Reference: Keras 3, `CategoryEncoding`.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.CategoryEncoding(num_tokens=3)([[0, 1], [2, 2]]).numpy().tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(
        self, num_tokens: Optional[int] = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if isinstance(num_tokens, bool) or not isinstance(num_tokens, (int, np.integer)) or num_tokens < 1:
            raise ArgumentError(f"{self._label}: expected num_tokens to be a positive integer; received {num_tokens!r}")
        refuse_sparse(self._label, sparse)
        self.num_tokens, self.sparse = int(num_tokens), False
        self.output_mode = mode_argument(self._label, output_mode, OUTPUT_MODES[1:])

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the encoded integers; `count_weights` says what each counts in mode "count"."""
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                f"{self._label}: expected count_weights in mode 'count' only; received them in {self.output_mode!r}"
            )
        self._check_values(inputs)
        dtype = self.compute_dtype
        return encode(ops.cast(inputs, "int64"), self.output_mode, self.num_tokens, dtype, count_weights, self._label)

    def _check_values(self, inputs: Any) -> None:
        """Look at values that are known; a compiled step encodes strange ones as zeros."""
        try:
            values = np.asarray(inputs.numpy())
        except Exception:  # symbolic, or of a step that is being traced
            return
        if values.size and (values.min() < 0 or values.max() >= self.num_tokens):
            raise ArgumentError(
                f"{self._label}: expected integers from 0 to {self.num_tokens - 1}; received {values.min()} to "
                f"{values.max()}"
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


@register_serializable("keras.layers")
class Discretization(Adapting, Layer):
    """Numbers as the bins that they fall into.

    Args:
        bin_boundaries: where bins begin, rising; the first bin lies below all of them.
        num_bins: number of bins of equally many numbers that `adapt` finds, instead of boundaries.
        epsilon: precision of the quantiles that `adapt` keeps of large data.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: must be false.
        dtype, name: as in every layer.

    Inputs: numbers of any shape. Outputs: int32 of the same shape, or encoded as in `CategoryEncoding`.

    Raises:
        ArgumentError: neither or both of boundaries and their number, a call before there are boundaries.

    Reference: Keras 3, `Discretization`.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Discretization(bin_boundaries=[0.0, 1.0])([[-1.5, 0.0, 3.4]]).numpy().tolist()
    [[0, 1, 2]]
    """

    def __init__(
        self,
        bin_boundaries: Optional[Sequence[float]] = None,
        num_bins: Optional[int] = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, dtype=dtype, **kwargs)
        refuse_sparse(self._label, sparse)
        if (num_bins is None) == (bin_boundaries is None):
            raise ArgumentError(
                f"{self._label}: expected one of num_bins and bin_boundaries; received num_bins={num_bins!r}, "
                f"bin_boundaries={bin_boundaries!r}"
            )
        if num_bins is not None and num_bins < 1:
            raise ArgumentError(f"{self._label}: expected num_bins of at least 1; received {num_bins!r}")
        self.bin_boundaries = None if bin_boundaries is None else [float(each) for each in bin_boundaries]
        self.num_bins, self.epsilon, self.sparse = num_bins, epsilon, False
        self.output_mode = mode_argument(self._label, output_mode)
        self._summary = np.zeros((2, 0), "float32")

    def update_state(self, data: Any) -> None:
        """Add the numbers of one batch to the quantiles."""
        if self.num_bins is None:
            raise ArgumentError(f"{self._label}: expected no adapt() with bin_boundaries; give num_bins instead")
        values = np.sort(np.asarray(host_value(data, self._label), "float32"), axis=None)
        step = max(len(values) * self.epsilon, 1)
        kept = values[int(step - 1) :: int(step)]
        merged = np.concatenate([[kept, np.full_like(kept, step)], self._summary], axis=1)
        self._summary = _compressed(merged[:, np.argsort(merged[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Make boundaries of the quantiles."""
        if self.num_bins is not None and self._summary.shape[1]:
            self.bin_boundaries = _compressed(self._summary, 1 / self.num_bins)[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forget the quantiles; boundaries stay."""
        self._summary = np.zeros((2, 0), "float32")

    def call(self, inputs: Any) -> Any:
        """Return the number of each bin, or its encoding."""
        if self.bin_boundaries is None:
            raise ArgumentError(f"{self._label}: expected boundaries; received none; call adapt() or give some")
        values = ops.cast(inputs, config.floatx())
        boundaries = ops.convert_to_tensor(np.asarray(self.bin_boundaries, config.floatx()))
        bins = ops.searchsorted(boundaries, values, side="right")
        dtype = "int32" if self.output_mode == "int" else self.compute_dtype
        return encode(bins, self.output_mode, len(self.bin_boundaries) + 1, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **_named(self),
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        """Make the layer that `get_config` describes, boundaries that `adapt` found included."""
        found = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        layer = cls(**({**config, "bin_boundaries": None} if found is not None else config))
        layer.bin_boundaries = found if found is not None else layer.bin_boundaries
        return layer


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """Return rows of values and weights as about 1/epsilon interpolated quantiles with their weights."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = summary[1].cumsum()
    values = np.interp(shares, weights / weights[-1], summary[0])
    weights = np.interp(shares, weights / weights[-1], weights)
    return np.stack([values, np.diff(weights, prepend=0)]).astype("float32")


@register_serializable("keras.layers")
class Hashing(HostLayer):
    """Words or integers as the bins that a hash deals them to.

    Args:
        num_bins: number of bins.
        mask_value: value that gets bin 0, which then has no other.
        salt: integer or two: the key of SipHash; default FarmHash's Fingerprint64.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: must be false.

    Inputs: text or integers of any shape, or ragged rows. Outputs: int64 of the same shape, or encoded.

    Raises:
        ArgumentError: unknown settings.

    Reference: Keras 3, `Hashing`.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().ravel().tolist()
    [1, 0, 1, 1, 2]
    """

    def __init__(
        self,
        num_bins: Optional[int] = None,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ):
        kwargs["dtype"] = "int64" if kwargs.get("dtype") is None else kwargs["dtype"]
        super().__init__(**kwargs)
        self.num_bins = bins_argument(self._label, num_bins)
        refuse_sparse(self._label, sparse)
        self.mask_value, self.salt, self.sparse = mask_value, salt_argument(self._label, salt), False
        self.output_mode = mode_argument(self._label, output_mode)

    def call(self, inputs: Any) -> Any:
        """Return the bin of each element, or its encoding."""
        bins = on_values(self._bins, inputs)
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _bins(self, values: Any) -> np.ndarray:
        array = np.asarray(values, object if is_text(values) else None)
        flat = (array.astype("int64") if array.dtype.kind == "f" else array).ravel().tolist()
        texts = flat if is_text(values) else [str(each).encode() for each in flat]
        has_mask = self.mask_value is not None and self.num_bins > 1
        bins = _core.hash_texts(texts, self.num_bins - has_mask, hash_key(self.salt))
        if has_mask:
            mask = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
            bins = np.where([each == mask for each in flat], 0, bins + 1)
        return bins.reshape(array.shape)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return a symbolic tensor like the output."""
        return self._encoding_of(inputs.shape, self.num_bins, self.output_mode, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


@register_serializable("keras.layers")
class HashedCrossing(HostLayer):
    """Combinations of several features as the bins that a hash deals them to.

    Args:
        num_bins: number of bins.
        output_mode: "int" or "one_hot".
        sparse: must be false.
        name, dtype: as in every layer.

    Inputs: two or more of text or integers, each of shape (), (batch,) or (batch, 1). Outputs: int64 of that shape,
    or encoded.

    Raises:
        ArgumentError: one input, or features that are neither text nor integers.
        ShapeError: features of different or other shapes.

    Reference: Keras 3, `HashedCrossing`.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A"]), np.array([101, 101, 101]))).numpy().tolist()
    [1, 4, 1]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: Optional[str] = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, dtype=dtype or ("int64" if output_mode == "int" else None), **kwargs)
        self.num_bins = bins_argument(self._label, num_bins)
        refuse_sparse(self._label, sparse)
        self.sparse, self.output_mode = False, mode_argument(self._label, output_mode, ("int", "one_hot"))

    def _host_value(self, value: Any) -> Any:
        self._check_count(value)
        return [host_value(each, self._label) for each in value]

    def call(self, inputs: Any) -> Any:
        """Return the bin of each combination, or its encoding."""
        features = [_feature(each, self._label) for each in inputs]
        shapes = [each.shape for each in features]
        if len(set(shapes)) > 1 or len(shapes[0]) > 2 or (len(shapes[0]) == 2 and shapes[0][1] != 1):
            raise ShapeError(
                f"{self._label}: expected features all of shape (), (batch,) or (batch, 1); received {shapes}"
            )
        state = np.full(shapes[0], _CROSS_KEY, "uint64")
        factor = np.uint64(_CROSS_FACTOR)
        with np.errstate(over="ignore"):
            for feature in features:
                state = ((state ^ factor) ^ (_fold(feature * factor) * factor)) * factor
                state = _fold(_fold(state) * factor)
        bins = (state % np.uint64(self.num_bins)).astype("int64")
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _check_count(self, inputs: Any) -> None:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ArgumentError(f"{self._label}: expected a list of two or more features; received {inputs!r}")

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return a symbolic tensor like the output."""
        self._check_count(inputs)
        return self._encoding_of(inputs[0].shape, self.num_bins, self.output_mode, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **_named(self),
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


def _named(layer: Layer) -> dict[str, Any]:
    """Return name and dtype, all that these layers of Keras take besides what is theirs."""
    return {"name": layer.name, "dtype": layer.dtype}


def bins_argument(owner: str, num_bins: Any) -> int:
    """Return a number of bins."""
    if isinstance(num_bins, bool) or not isinstance(num_bins, (int, np.integer)) or num_bins < 1:
        raise ArgumentError(f"{owner}: expected num_bins to be a positive integer; received {num_bins!r}")
    return int(num_bins)


def _fold(values: np.ndarray) -> np.ndarray:
    return values ^ (values >> np.uint64(47))


def _feature(values: Any, owner: str) -> np.ndarray:
    """Return integers as they are and text as its fingerprints, as uint64."""
    if is_text(values):
        array = np.asarray(values, object)
        return _core.hash_texts(array.ravel().tolist(), 0).view("uint64").reshape(array.shape)
    if np.asarray(values).dtype.kind not in "iu":
        raise ArgumentError(f"{owner}: expected text or integers; received dtype {np.asarray(values).dtype}")
    return np.asarray(values).astype("int64").view("uint64")
