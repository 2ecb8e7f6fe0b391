"""Layers that act in training only, to make a model generalize."""

from __future__ import annotations

import math
from typing import Any, Optional, Sequence

from gradmill import ops, random, regularizers
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.serialization import register_serializable


def _check_rate(owner: str, name: str, value: Any, below_one: bool = False) -> float:
    fits = (
        not isinstance(value, bool)
        and isinstance(value, (int, float))
        and (0 <= value < 1 if below_one else 0 <= value <= 1)
    )
    if not fits:
        limit = "at least 0 and less than 1" if below_one else "between 0 and 1"
        raise ArgumentError(f"{owner}: expected {name} {limit}; received {value!r}; correct it")
    return value


class _RandomLayer(Layer):
    """Base of the layers that draw: keeps the seed and its generator."""

    def __init__(self, seed: Any = None, active: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.supports_masking = True
        self.seed_generator = random.SeedGenerator(seed) if active else None
        self._build_at_init()


@register_serializable("keras.layers")
class Dropout(_RandomLayer):
    """Set a share of the inputs to 0 in training and scale the others by `1 / (1 - rate)`.

    Args:
        rate: share, 0 to 1.
        noise_shape: shape of the random pattern, 1 along axes that share it; None inside means the input's size.
        seed: integer, or None.

    Raises:
        ArgumentError: a rate outside 0..1.

    Reference: Srivastava et al. 2014.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.Dropout(0.5, seed=1)
    >>> layer([1.0, 1.0]).numpy().tolist()
    [1.0, 1.0]
    >>> set(layer(gm.ops.ones((100,)), training=True).numpy().tolist()) == {0.0, 2.0}
    True
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Optional[Sequence[Optional[int]]] = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        _check_rate(type(self).__name__, "rate", rate)
        super().__init__(seed=seed, active=rate > 0, **kwargs)
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def _pattern_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None:
            return None
        return tuple(size if given is None else given for given, size in zip(self.noise_shape, inputs.shape))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, thinned out when training."""
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        return random.dropout(inputs, self.rate, noise_shape=self._pattern_shape(inputs), seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class _SpatialDropout(Dropout):
    """Dropout of whole feature maps."""

    _rank = 3

    def __init__(
        self,
        rate: float,
        seed: Any = None,
        name: Optional[str] = None,
        dtype: Any = None,
        data_format: Optional[str] = "channels_last",
    ):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=self._rank)

    def _pattern_shape(self, inputs: Any) -> Any:
        ones = (1,) * (self._rank - 2)
        batch, last, second = inputs.shape[0], inputs.shape[-1], inputs.shape[1]
        return (batch, *ones, last) if self.data_format == "channels_last" else (batch, second, *ones)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}
        return config if self._rank == 3 else {**config, "data_format": self.data_format}


@register_serializable("keras.layers")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole feature maps of sequences (batch, steps, channels).

    Args:
        rate: share, 0 to 1.
        seed: integer, or None.

    Reference: Tompson et al. 2014.
    """

    def __init__(self, rate: float, seed: Any = None, name: Optional[str] = None, dtype: Any = None):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)


@register_serializable("keras.layers")
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole feature maps of images.

    Args:
        rate: share, 0 to 1.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        seed: integer, or None.

    Reference: Tompson et al. 2014.
    """

    _rank = 4

    def __init__(
        self,
        rate: float,
        data_format: Optional[str] = None,
        seed: Any = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(rate, seed=seed, name=name, dtype=dtype, data_format=data_format)


@register_serializable("keras.layers")
class SpatialDropout3D(SpatialDropout2D):
    """Dropout of whole feature maps of volumes.

    Args:
        rate: share, 0 to 1.
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        seed: integer, or None.

    Reference: Tompson et al. 2014.
    """

    _rank = 5


@register_serializable("keras.layers")
class AlphaDropout(_RandomLayer):
    """Dropout that keeps mean and variance of inputs made by `selu`.

    Args:
        rate: share, 0 to 1.
        noise_shape: shape of the random pattern; None is the input's.
        seed: integer, or None.

    Raises:
        ArgumentError: a rate outside 0..1.

    Reference: Klambauer et al. 2017.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Optional[Sequence[Optional[int]]] = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        _check_rate(type(self).__name__, "rate", rate)
        super().__init__(seed=seed, active=rate > 0, **kwargs)
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, thinned out when training."""
        if not training or self.rate == 0:
            return inputs
        given = self.noise_shape or (None,) * len(inputs.shape)
        shape = tuple(size if each is None else each for each, size in zip(given, inputs.shape))
        # The value selu approaches far below 0: scale * alpha.
        floor = -1.6732632423543772 * 1.0507009873554805
        kept = random.uniform(shape, dtype=self.compute_dtype, seed=self.seed_generator) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * floor**2)) ** -0.5
        thinned = ops.where(kept, inputs, ops.full_like(inputs, floor))
        return thinned * scale - scale * floor * self.rate

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


@register_serializable("keras.layers")
class GaussianNoise(_RandomLayer):
    """Add normal noise in training.

    Args:
        stddev: standard deviation, 0 to 1.
        seed: integer, or None.

    Raises:
        ArgumentError: a standard deviation outside 0..1.
    """

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any):
        _check_rate(type(self).__name__, "stddev", stddev)
        super().__init__(seed=seed, active=stddev > 0, **kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, with noise when training."""
        if not training or self.stddev == 0:
            return inputs
        noise = random.normal(inputs.shape, 0.0, self.stddev, dtype=self.compute_dtype, seed=self.seed_generator)
        return inputs + noise

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@register_serializable("keras.layers")
class GaussianDropout(_RandomLayer):
    """Multiply by normal noise of mean 1 and variance `rate / (1 - rate)` in training.

    Args:
        rate: share of the dropout it stands for, 0 up to but not 1.
        seed: integer, or None.

    Raises:
        ArgumentError: a rate outside that range.

    Reference: Srivastava et al. 2014.
    """

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any):
        _check_rate(type(self).__name__, "rate", rate, below_one=True)
        super().__init__(seed=seed, active=rate > 0, **kwargs)
        self.rate = rate

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, with noise when training."""
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, stddev, dtype=self.compute_dtype, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@register_serializable("keras.layers")
class ActivityRegularization(Layer):
    """Return the inputs and add a penalty on them, divided by the batch size, to the loss.

    Args:
        l1: factor of the absolute values.
        l2: factor of the squares.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.ActivityRegularization(l1=2.0)
    >>> _ = layer([[1.0, -3.0]])
    >>> float(layer.losses[0])
    8.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        config.pop("activity_regularizer")
        return config
