"""A wrapper that keeps the largest singular value of a layer's kernel at 1."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import initializers, ops
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer, positive_integer
from gradmill.layers.core import Wrapper
from gradmill.layers.input_spec import InputSpec
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class SpectralNormalization(Wrapper):
    """Divide the kernel of a layer by its largest singular value before each training call.

    The value is found by power iteration from a vector that is kept between calls. The kernel itself is assigned, as
    in Keras, so outside training the layer works with what the last training call left; gradients are those of the
    normalized kernel. A kernel of zeros stays as it is.

    Args:
        layer: a layer with a `kernel`, or with `embeddings`.
        power_iterations: steps of the iteration for each call.

    Input shape: that of the layer. Output shape: that of the layer, in the dtype of
    inputs that are floats.

    Raises:
        ArgumentError: `power_iterations` that is no positive integer, or a layer without kernel.

    Reference: Miyato et al., "Spectral normalization for generative adversarial networks", 2018.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.SpectralNormalization(gm.layers.Dense(2), power_iterations=20)
    >>> layer(gm.ops.ones((1, 3)), training=True).shape
    (1, 2)
    >>> round(float(np.linalg.norm(layer.layer.kernel.numpy(), 2)), 3)
    1.0
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_integer(power_iterations, "power_iterations", self._label)

    def build(self, input_shape: Any = None) -> None:
        """Build the layer, and the vector of the power iteration."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if kernel is None:
            raise ArgumentError(
                f"{self._label}: expected a layer with a kernel or embeddings; received {type(self.layer).__name__}; "
                "wrap for example a Dense or Conv2D"
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            shape=(1, kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            dtype=kernel.dtype,
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Any, training: Optional[bool] = False) -> Any:
        """Return the layer's output, after its kernel was normalized when training."""
        if training:
            vector, kernel = self.normalized_weights()
            is_zero = ops.all(ops.equal(self.kernel.value, 0.0))
            self.vector_u.assign(ops.where(is_zero, self.vector_u.value, vector))
            self.kernel.assign(ops.where(is_zero, self.kernel.value, kernel))
        given = {"training": training} if self.layer._call.has_training else {}
        outputs = self.layer(inputs, **given)
        # What an Embedding makes of integers stays floats.
        return ops.cast(outputs, inputs.dtype) if "float" in str(inputs.dtype) else outputs

    def normalized_weights(self) -> tuple[Any, Any]:
        """Return the vector after the power iteration, and the kernel divided by its largest singular value."""
        kernel = ops.stop_gradient(self.kernel.value)
        matrix = ops.reshape(kernel, (-1, self.kernel.shape[-1]))
        vector = ops.cast(self.vector_u.value, kernel.dtype)
        for _ in range(self.power_iterations):
            left = ops.normalize(ops.matmul(vector, ops.transpose(matrix)), axis=None)
            vector = ops.normalize(ops.matmul(left, matrix), axis=None)
        largest = ops.sum(ops.matmul(left, matrix) * vector)
        return vector, kernel / largest

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the layer's output."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "power_iterations": self.power_iterations}
