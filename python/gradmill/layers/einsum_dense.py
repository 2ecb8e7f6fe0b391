"""EinsumDense: a dense layer over any axes, described by an einsum equation."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional, Sequence, Union

from gradmill import activations, constraints, initializers, ops, regularizers
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import activated, cast_like
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.low_rank import LowRankLayer, low_rank_factor, must_be_none
from gradmill.serialization import register_serializable

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class _Shapes(NamedTuple):
    kernel: tuple
    bias: Optional[tuple]
    output: tuple
    input_axes: list  # of the kernel
    output_axes: list


@register_serializable("keras.layers")
class EinsumDense(LowRankLayer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: letters of the inputs' axes, of the kernel's and of the outputs', such as "abc,cd->abd"; "..." stands
            for further axes of inputs and outputs, either before the letters or behind them.
        output_shape: sizes of the outputs' axes without the batch axis and those of "..."; None where a size is that of
            the inputs. One number stands for one axis.
        activation: name or function; None for none.
        bias_axes: the letters of the outputs' axes that have a bias; None for no bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.
        lora_rank, lora_alpha: rank and strength of a low-rank update; see `enable_lora`.
        gptq_unpacked_column_size, quantization_config: must be None.

    Weights: kernel, bias.

    Raises:
        ArgumentError: an equation of another form, or letters of the kernel, outputs or bias that come from nowhere.
        ShapeError: sizes that contradict each other.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")
    >>> layer(gm.ops.ones((2, 5, 8))).shape
    (2, 5, 2, 3)
    >>> [each.shape for each in layer.weights]
    [(8, 2, 3), (2, 3)]
    """

    lora_kernel_a, lora_kernel_b = low_rank_factor(0), low_rank_factor(1)

    def __init__(
        self,
        equation: str,
        output_shape: Union[int, Sequence[Optional[int]]],
        activation: Any = None,
        bias_axes: Optional[str] = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: Optional[int] = None,
        lora_alpha: Optional[float] = None,
        gptq_unpacked_column_size: Optional[int] = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._prepare_low_rank(lora_rank, lora_alpha, quantization_config)
        must_be_none("gptq_unpacked_column_size", gptq_unpacked_column_size, self._label)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._terms = inputs, kernel, outputs, _ = self._parse()
        # Where the kernel's last axis is the outputs' last, the low-rank factors apply to the inputs in turn; elsewhere
        # their product is added to the kernel.
        is_last = kernel[-1] == outputs[-1] and not self.equation.endswith("...")
        self._update_is_apart = is_last and kernel[-1] not in inputs
        self.bias: Any = None

    def _parse(self) -> tuple[str, str, str, bool]:
        """Return the letters of inputs, kernel and outputs, and whether further axes stand before them."""
        found = _EQUATION.fullmatch(self.equation.replace(" ", "")) if isinstance(self.equation, str) else None
        left, inputs, right, kernel, out_left, outputs, out_right = found.groups(default="") if found else [""] * 7
        if found is None or (left, right) != (out_left, out_right) or (left and right):
            raise ArgumentError(
                f"{self._label}: expected equation of the form 'ab,bc->ac', '...b,bc->...c' or 'ab...,bc->ac...'; "
                f"received {self.equation!r}; correct it"
            )
        for letters, sources, what in ((outputs, inputs + kernel, "outputs"), (kernel, inputs + outputs, "kernel")):
            strange = [letter for letter in letters if letter not in sources]
            if strange:
                raise ArgumentError(
                    f"{self._label}: expected every letter of the {what} elsewhere in the equation, too; received "
                    f"{strange[0]!r} in {self.equation!r}; correct it"
                )
        strange = [letter for letter in self.bias_axes or "" if letter not in outputs]
        if strange or self.bias_axes == "":
            raise ArgumentError(
                f"{self._label}: expected bias_axes of letters of the outputs, {outputs!r}; received "
                f"{self.bias_axes!r}; correct it"
            )
        return inputs, kernel, outputs, bool(left)

    def _shapes(self, input_shape: Sequence[Optional[int]]) -> _Shapes:
        inputs, kernel, outputs, elided_left = self._terms
        elided = len(input_shape) - len(inputs)
        is_open = "..." in self.equation
        if elided < 0 or (elided and not is_open):
            least = "at least " if is_open else ""
            raise ShapeError(
                f"{self._label}: expected inputs with {least}{len(inputs)} axes for {self.equation!r}; received shape "
                f"{tuple(input_shape)}; reshape them"
            )
        sizes = dict(zip(inputs, input_shape[elided if elided_left else 0 :]))
        # The first size is never given: it is that of the batch, or stands among the further ones.
        given: Any = self.partial_output_shape
        given = given if elided_left and elided else (input_shape[0], *given)
        if len(given) != len(outputs):
            wanted = len(outputs) if elided_left and elided else len(outputs) - 1
            raise ShapeError(
                f"{self._label}: expected output_shape of {wanted} sizes for {self.equation!r} and inputs of shape "
                f"{tuple(input_shape)}; received {self.partial_output_shape}; correct it"
            )
        for letter, size in zip(outputs, given):
            known = sizes.get(letter)
            if size is not None and known is not None and size != known:
                raise ShapeError(
                    f"{self._label}: expected axis {letter!r} of {self.equation!r} to have one size; received {known} "
                    f"from inputs {tuple(input_shape)} and {size} from output_shape {self.partial_output_shape}"
                )
            sizes[letter] = known if size is None else size
        further = tuple(input_shape[:elided] if elided_left else input_shape[len(inputs) :])
        own = tuple(sizes[letter] for letter in outputs)
        return _Shapes(
            kernel=tuple(sizes[letter] for letter in kernel),
            bias=self._bias_shape(outputs, sizes, 0 if elided_left else elided),
            output=further + own if elided_left else own + further,
            input_axes=[axis for axis, letter in enumerate(kernel) if letter not in outputs],
            output_axes=[axis for axis, letter in enumerate(kernel) if letter in outputs],
        )

    def _bias_shape(self, outputs: str, sizes: dict[str, Any], behind: int) -> Optional[tuple]:
        if self.bias_axes is None:
            return None
        first = min(outputs.index(letter) for letter in self.bias_axes)
        own = [sizes[letter] if letter in self.bias_axes else 1 for letter in outputs[first:]]
        return (*own, *[1] * behind)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        shapes = self._shapes(input_shape)
        initializer = self.kernel_initializer
        if isinstance(initializer, initializers.VarianceScaling):
            initializer = initializer.with_axes(shapes.input_axes, shapes.output_axes)
        self._table = self.add_weight(
            shapes.kernel,
            name="kernel",
            initializer=initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if shapes.bias is not None:
            self.bias = self.add_weight(
                shapes.bias,
                name="bias",
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=len(input_shape))
        self._enable_wanted()

    @property
    def kernel(self) -> Any:
        """The kernel, with its low-rank update if it has one; None before the layer is built."""
        return self._whole_table()

    def call(self, inputs: Any, training: Optional[bool] = None) -> Any:
        """Return the outputs."""
        kernel = self._table if self._update_is_apart else self.kernel
        outputs = ops.einsum(self.equation, inputs, cast_like(kernel, inputs))
        if self._update_is_apart:
            outputs = self._with_update(outputs, lambda a: ops.einsum(self.equation, inputs, a))
        if self.bias is not None:
            outputs = ops.add(outputs, cast_like(self.bias, outputs))
        return activated(self.activation, outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return self._shapes(input_shape).output

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
