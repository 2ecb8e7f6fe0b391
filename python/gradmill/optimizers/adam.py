"""Adam and its relatives: averages of the gradient and of its square."""

from typing import Any, Sequence

from gradmill import errors, ops
from gradmill.optimizers.arguments import with_common_arguments
from gradmill.optimizers.base import Optimizer, default_dtype
from gradmill.variable import Variable


class _TwoAverages(Optimizer):
    """What Adam, Nadam and Lamb share: the slots `momentum` and `velocity` and their update."""

    beta_1: float
    beta_2: float
    epsilon: float

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def _update_averages_of(self, gradient: Any, variable: Variable) -> tuple:
        index = self._get_variable_index(variable)
        momentum_slot, velocity_slot = self._momentums[index], self._velocities[index]
        momentum = momentum_slot + (gradient - momentum_slot) * (1.0 - self.beta_1)
        velocity = velocity_slot + (ops.square(gradient) - velocity_slot) * (1.0 - self.beta_2)
        self.assign(momentum_slot, momentum)
        self.assign(velocity_slot, velocity)
        return momentum, velocity

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        arguments = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **arguments}


class Adam(_TwoAverages):
    """Steps along the average gradient over the root of the average squared gradient.

    With averages m and v and step t, a variable shrinks by
    `learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)`.

    Args:
        learning_rate: as in `Optimizer`.
        beta_1: momentum of the average gradient.
        beta_2: momentum of the average squared gradient.
        epsilon: added to the root; this is the "epsilon hat" of the paper.
        amsgrad: divide by the largest v so far.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", 2015; Reddi et al., "On the convergence of
    Adam and beyond", 2018.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Adam(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.5
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable, three with `amsgrad`."""
        if self.built:
            return
        super().build(variables)
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the learning rate with both bias corrections in it."""
        correction = ops.sqrt(1.0 - ops.power(float(self.beta_2), step)) / (1.0 - ops.power(float(self.beta_1), step))
        return learning_rate * correction

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        momentum, velocity = self._update_averages_of(gradient, variable)
        if self.amsgrad:
            slot = self._velocity_hats[self._get_variable_index(variable)]
            velocity = ops.maximum(slot, velocity)
            self.assign(slot, velocity)
        self.assign(variable, variable - momentum * rate / (ops.sqrt(velocity) + self.epsilon))

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """Adam with weight decay on by default.

    Args:
        learning_rate: as in `Optimizer`.
        weight_decay: share `weight_decay * learning_rate` of each variable taken off per step; not None.
        beta_1, beta_2, epsilon, amsgrad: as in `Adam`.
        clipnorm, ..., name: as in `Optimizer`.

    Raises:
        ArgumentError: when `weight_decay` is None.

    Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.AdamW(learning_rate=0.5, weight_decay=0.5).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.25
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ):
        if weight_decay is None:
            raise errors.ArgumentError("AdamW: weight_decay must be a number; received None; use Adam for none")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common)


class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root of the average square.

    Args:
        learning_rate: as in `Optimizer`.
        beta_1: momentum of the average gradient.
        beta_2: factor by which the largest gradient fades per step.
        epsilon: added to the largest gradient.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Kingma and Ba, 2015.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Adamax(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.5
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._norms = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the learning rate with the bias correction in it."""
        return learning_rate / (1.0 - ops.power(float(self.beta_1), step))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        index = self._get_variable_index(variable)
        momentum_slot, norm_slot = self._momentums[index], self._norms[index]
        momentum = momentum_slot + (gradient - momentum_slot) * (1.0 - self.beta_1)
        norm = ops.maximum(norm_slot * self.beta_2, ops.abs(gradient))
        self.assign(momentum_slot, momentum)
        self.assign(norm_slot, norm)
        self.assign(variable, variable - momentum * rate / (norm + self.epsilon))

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        arguments = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **arguments}


class Nadam(_TwoAverages):
    """Adam with Nesterov momentum, whose weight warms up over the steps.

    Args:
        learning_rate, beta_1, beta_2, epsilon: as in `Adam`.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Nadam(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> bool(x.numpy()[0] < 1.0)
        True
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable and the product of the momenta so far."""
        if self.built:
            return
        super().build(variables)
        self._u_product = self.add_variable((), "ones", default_dtype(variables), name="u_product")

    def _momentum_at(self, step: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def begin_update(self) -> None:
        """Multiply the momentum of this step into the product."""
        step = ops.cast(self.iterations + 1, self._u_product.dtype)
        self.assign(self._u_product, self._u_product * self._momentum_at(step))

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the weights of average and gradient, both with the learning rate in them, and that of the square."""
        this, following = self._momentum_at(step), self._momentum_at(step + 1.0)
        product = ops.cast(self._u_product, step.dtype)
        of_average = learning_rate * following / (1.0 - product * following)
        of_gradient = learning_rate * (1.0 - this) / (1.0 - product)
        of_square = 1.0 / (1.0 - ops.power(float(self.beta_2), step))
        return of_average, of_gradient, of_square

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = self.gradient_for(gradient, variable)
        of_average, of_gradient, of_square = self.scalars(variable)
        momentum, velocity = self._update_averages_of(gradient, variable)
        step = momentum * of_average + gradient * of_gradient
        self.assign(variable, variable - step / (ops.sqrt(velocity * of_square) + self.epsilon))


class Lamb(_TwoAverages):
    """Adam whose step is scaled, variable by variable, to the norm of the variable.

    Args:
        learning_rate, beta_1, beta_2, epsilon: as in `Adam`.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", 2020.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Lamb(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.5
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the learning rate and both bias corrections."""
        of_average = 1.0 / (1.0 - ops.power(float(self.beta_1), step))
        of_square = 1.0 / (1.0 - ops.power(float(self.beta_2), step))
        return learning_rate, of_average, of_square

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = self.gradient_for(gradient, variable)
        rate, of_average, of_square = self.scalars(variable)
        momentum, velocity = self._update_averages_of(gradient, variable)
        step = momentum * of_average / (ops.sqrt(velocity * of_square) + self.epsilon)
        variable_norm = ops.sqrt(ops.sum(ops.square(ops.cast(variable, step.dtype))))
        step_norm = ops.sqrt(ops.sum(ops.square(step)))
        usable = ops.logical_and(ops.greater(variable_norm, 0.0), ops.greater(step_norm, 0.0))
        ratio = ops.where(usable, ops.divide_no_nan(variable_norm, step_norm), 1.0)
        self.assign(variable, variable - ratio * rate * step)
