"""What lies between symbolic tensors, as a function of values."""

from __future__ import annotations

from typing import Any, Optional

from gradmill.models.functional import Functional


class Function:
    """The computation that leads from symbolic inputs to symbolic outputs: a functional model without training.

    Args:
        inputs: SymbolicTensor, or nested structure of them; they may be outputs of layers.
        outputs: the same.
        name: label.

    Raises:
        ArgumentError: outputs that do not follow from the inputs, or an input given twice.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Input((2,))
        >>> double = gm.Function(x, x * 2)
        >>> double(gm.ops.ones((1, 2))).numpy().tolist()
        [[2.0, 2.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: Optional[str] = None):
        self._model = Functional(inputs, outputs, name=name)

    @property
    def name(self) -> str:
        """Label."""
        return self._model.name

    @property
    def inputs(self) -> list:
        """The symbolic inputs in flattened order."""
        return self._model.inputs

    @property
    def outputs(self) -> list:
        """The symbolic outputs in flattened order."""
        return self._model.outputs

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for values, or for other symbolic tensors.

        Args:
            inputs: structured like those of the function.
        """
        return self._model(inputs)

    def __repr__(self) -> str:
        return f"<Function name={self.name}>"
