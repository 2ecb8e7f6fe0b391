"""Optimizers that divide by the history of each entry's gradient: RMSprop, Adagrad, Adadelta, Ftrl, Adafactor."""

from typing import Any, Sequence

from gradmill import errors, ops
from gradmill.optimizers.arguments import with_common_arguments
from gradmill.optimizers.base import Optimizer
from gradmill.variable import Variable


class RMSprop(Optimizer):
    """Steps along the gradient over the root of its average square.

    Args:
        learning_rate: as in `Optimizer`.
        rho: momentum of the average square.
        momentum: of the steps; 0 keeps no slot for it.
        epsilon: added to the average square, inside the root.
        centered: subtract the square of the average gradient inside the root.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Hinton, "Neural networks for machine learning", lecture 6, 2012.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.RMSprop(learning_rate=0.5, rho=0.75).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.0
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Sequence[Variable]) -> None:
        """Make one to three slots per variable."""
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum > 0 else []
        self._average_gradients = self.add_optimizer_variables(variables, "average_gradient") if self.centered else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        index = self._get_variable_index(variable)
        velocity = self.rho * self._velocities[index] + (1.0 - self.rho) * ops.square(gradient)
        self.assign(self._velocities[index], velocity)
        denominator = velocity + self.epsilon
        if self.centered:
            average = self.rho * self._average_gradients[index] + (1.0 - self.rho) * gradient
            self.assign(self._average_gradients[index], average)
            denominator = velocity - ops.square(average) + self.epsilon
        step = rate * gradient / ops.sqrt(denominator)
        if self.momentum > 0:
            step = self.momentum * self._momentums[index] + step
            self.assign(self._momentums[index], step)
        self.assign(variable, variable - step)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        arguments = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **arguments}


class Adagrad(Optimizer):
    """Steps along the gradient over the root of the sum of its squares.

    Args:
        learning_rate: as in `Optimizer`.
        initial_accumulator_value: what the sums start from, >= 0.
        epsilon: added to the sum, inside the root.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", 2011.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Adagrad(learning_rate=0.5, initial_accumulator_value=0.0).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.5
    """

    @with_common_arguments
    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **common: Any
    ):
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make one slot per variable."""
        if self.built:
            return
        super().build(variables)
        first = float(self.initial_accumulator_value)
        self._accumulators = self.add_optimizer_variables(variables, "accumulator", first)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        slot = self._accumulators[self._get_variable_index(variable)]
        total = slot + ops.square(gradient)
        self.assign(slot, total)
        self.assign(variable, variable - rate * gradient / ops.sqrt(total + self.epsilon))

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        arguments = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **arguments}


class Adadelta(Optimizer):
    """Steps whose size follows the average size of the steps before.

    Args:
        learning_rate: as in `Optimizer`; 1.0 is that of the paper.
        rho: momentum of both averages.
        epsilon: added to both averages, inside the roots.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Zeiler, "ADADELTA: an adaptive learning rate method", 2012.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Adadelta(learning_rate=1.0).apply([gm.ops.ones(1)], [x])
        >>> bool(x.numpy()[0] < 1.0)
        True
    """

    @with_common_arguments
    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Any):
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable."""
        if self.built:
            return
        super().build(variables)
        names = ["accumulated_grad", "accumulated_delta_var"]
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, rate = self.gradient_for(gradient, variable), self.scalars(variable)
        index = self._get_variable_index(variable)
        gradient_slot, step_slot = self._accumulated_grads[index], self._accumulated_delta_vars[index]
        average = self.rho * gradient_slot + (1.0 - self.rho) * ops.square(gradient)
        step = -(ops.sqrt(step_slot + self.epsilon) * gradient / ops.sqrt(average + self.epsilon))
        average_step = self.rho * step_slot + (1.0 - self.rho) * ops.square(step)
        self.assign(gradient_slot, average)
        self.assign(step_slot, average_step)
        self.assign(variable, variable + rate * step)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class Ftrl(Optimizer):
    """Follow the regularized leader: sparse weights for wide linear models.

    Args:
        learning_rate: as in `Optimizer`.
        learning_rate_power: <= 0; how the rate falls with the sum of squares.
        initial_accumulator_value: what the sums of squares start from, >= 0.
        l1_regularization_strength: >= 0; larger gives more zeros.
        l2_regularization_strength: >= 0; stabilizes.
        l2_shrinkage_regularization_strength: >= 0; shrinks like a penalty on the loss.
        beta: from the paper.
        weight_decay, ..., name: as in `Optimizer`.

    Raises:
        ArgumentError: numbers outside these ranges.

    Reference: McMahan et al., "Ad click prediction: a view from the trenches", 2013.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Ftrl(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> bool(x.numpy()[0] < 1.0)
        True
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0.0:
            raise errors.ArgumentError(
                f"Ftrl: learning_rate_power must be <= 0; received {learning_rate_power!r}; pass for example -0.5"
            )
        for argument, value in self._own_arguments().items():
            if value < 0.0 and argument not in ("learning_rate_power", "beta"):
                raise errors.ArgumentError(f"Ftrl: {argument} must be >= 0; received {value!r}; pass 0 for none")

    def _own_arguments(self) -> dict:
        return {
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable."""
        if self.built:
            return
        super().build(variables)
        first = [float(self.initial_accumulator_value), "zeros"]
        self._accumulators, self._linears = self.add_optimizer_variables(variables, ["accumulator", "linear"], first)

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the inverse learning rate and twice the quadratic penalty."""
        penalty = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        return 1.0 / learning_rate, 2.0 * penalty

    def _inverse_rate(self, total: Any) -> Any:
        if self.learning_rate_power == -0.5:
            return ops.sqrt(total)
        return ops.power(total, -float(self.learning_rate_power))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = self.gradient_for(gradient, variable)
        inverse_rate, penalty = self.scalars(variable)
        index = self._get_variable_index(variable)
        total_slot, linear_slot = self._accumulators[index], self._linears[index]
        total = total_slot + ops.square(gradient)
        shrunk = gradient + 2.0 * self.l2_shrinkage_regularization_strength * variable
        growth = (self._inverse_rate(total) - self._inverse_rate(total_slot)) * inverse_rate
        linear = linear_slot + (shrunk - growth * variable)
        quadratic = self._inverse_rate(total) * inverse_rate + penalty
        limit = float(self.l1_regularization_strength)
        self.assign(variable, (ops.clip(linear, -limit, limit) - linear) / quadratic)
        self.assign(total_slot, total)
        self.assign(linear_slot, linear)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {**super().get_config(), **self._own_arguments()}


class Adafactor(Optimizer):
    """Adam-like steps whose average squares of a matrix are kept as one row and one column.

    Args:
        learning_rate: as in `Optimizer`; a number is also limited to `1 / sqrt(step)` when `relative_step`.
        beta_2_decay: the average at step t has momentum `1 - t^beta_2_decay`.
        epsilon_1: added to squared gradients.
        epsilon_2: least scale of a variable.
        clip_threshold: largest root mean square of a step before scaling.
        relative_step: see `learning_rate`.
        weight_decay, ..., name: as in `Optimizer`.

    Reference: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.Adafactor(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> x.numpy().tolist()
        [0.5]
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Any,
    ):
        super().__init__(learning_rate, **common)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        """Make a row, a column and a full slot per variable (the first two are unused scalars for vectors)."""
        if self.built:
            return
        super().build(variables)
        self._rows, self._columns, self._velocities = [], [], []
        for variable in variables:
            shape = tuple(variable.shape)
            is_matrix = len(shape) >= 2
            row_shape = shape[:-1] if is_matrix else ()
            column_shape = shape[:-2] + shape[-1:] if is_matrix else ()
            self._rows.append(self.add_variable(row_shape, dtype=variable.dtype, name=variable.name))
            self._columns.append(self.add_variable(column_shape, dtype=variable.dtype, name=variable.name))
            self._velocities.append(self.add_variable_from_reference(variable, name="velocity"))

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the rate of this step and the momentum of the averages."""
        rate = ops.minimum(learning_rate, 1.0 / ops.sqrt(step))
        return rate, 1.0 - ops.power(step, float(self.beta_2_decay))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = self.gradient_for(gradient, variable)
        rate, momentum = self.scalars(variable)
        index = self._get_variable_index(variable)
        row, column, slot = self._rows[index], self._columns[index], self._velocities[index]
        square = ops.square(gradient) + self.epsilon_1
        if len(variable.shape) >= 2:
            rows = momentum * row + (1.0 - momentum) * ops.mean(square, axis=-1)
            columns = momentum * column + (1.0 - momentum) * ops.mean(square, axis=-2)
            share = rows / ops.mean(rows, axis=-1, keepdims=True)
            velocity = ops.expand_dims(share, -1) * ops.expand_dims(columns, -2)
            self.assign(row, rows)
            self.assign(column, columns)
        else:
            velocity = momentum * slot + (1.0 - momentum) * square
        self.assign(slot, velocity)
        step = gradient / ops.sqrt(velocity)
        scale = rate * ops.maximum(self.epsilon_2, _root_mean_square(ops.cast(variable, step.dtype)))
        scale = scale / ops.maximum(1.0, _root_mean_square(step) / self.clip_threshold)
        self.assign(variable, variable - step * scale)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _root_mean_square(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
