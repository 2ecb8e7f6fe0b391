"""Optimizers with at most a momentum: SGD and Lion."""

from typing import Any, Sequence

from gradmill import errors, ops
from gradmill.optimizers.arguments import with_common_arguments
from gradmill.optimizers.base import Optimizer
from gradmill.variable import Variable


class SGD(Optimizer):
    """Gradient descent, with momentum when asked for.

    With `m = momentum * m - learning_rate * gradient`, a variable grows by `m`, or by
    `momentum * m - learning_rate * gradient` when `nesterov`.

    Args:
        learning_rate: as in `Optimizer`.
        momentum: in [0, 1]; 0 keeps no state.
        nesterov: look ahead along the momentum.
        weight_decay, ..., name: as in `Optimizer`.

    Raises:
        ArgumentError: when `momentum` is outside [0, 1].

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.SGD(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> x.numpy().tolist()
        [0.5]
    """

    @with_common_arguments
    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Any):
        super().__init__(learning_rate, **common)
        if isinstance(momentum, bool) or not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise errors.ArgumentError(f"SGD: momentum must be in [0, 1]; received {momentum!r}; pass for example 0.9")
        self.momentum = float(momentum)
        self.nesterov = nesterov

    def build(self, variables: Sequence[Variable]) -> None:
        """Make one slot per variable when there is momentum."""
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        step = self.gradient_for(gradient, variable) * self.scalars(variable)
        if not self.momentum:
            self.assign(variable, variable - step)
            return
        slot = self.momentums[self._get_variable_index(variable)]
        momentum = slot * self.momentum - step
        self.assign(slot, momentum)
        self.assign(variable, variable + (momentum * self.momentum - step if self.nesterov else momentum))

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Lion(Optimizer):
    """Steps of equal size along the sign of a moving average.

    Args:
        learning_rate: as in `Optimizer`; usually 3 to 10 times smaller than for Adam.
        beta_1: weight of the average against the gradient in the sign, in (0, 1].
        beta_2: momentum of the average.
        weight_decay, ..., name: as in `Optimizer`.

    Raises:
        ArgumentError: when `beta_1` is outside (0, 1].

    Reference: Chen et al., "Symbolic discovery of optimization algorithms", 2023.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0, 1.0])
        >>> gm.optimizers.Lion(learning_rate=0.5).apply([gm.ops.convert_to_tensor([3.0, -0.1])], [x])
        >>> x.numpy().tolist()
        [0.5, 1.5]
    """

    @with_common_arguments
    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Any):
        super().__init__(learning_rate, **common)
        if beta_1 <= 0 or beta_1 > 1:
            raise errors.ArgumentError(f"Lion: beta_1 must be in (0, 1]; received {beta_1!r}; pass for example 0.9")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        """Make one slot per variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        slot = self._momentums[self._get_variable_index(variable)]
        direction = ops.sign(slot * self.beta_1 + gradient * (1.0 - self.beta_1))
        momentum = slot * self.beta_2 + gradient * (1.0 - self.beta_2)
        self.assign(variable, variable - rate * direction)
        self.assign(slot, momentum)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
