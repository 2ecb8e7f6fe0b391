"""AdamW that needs no schedule: it averages its own path instead of lowering the learning rate."""

from typing import Any, List, Optional, Sequence

from gradmill import errors, ops
from gradmill.optimizers.arguments import with_common_arguments
from gradmill.optimizers.base import Optimizer
from gradmill.variable import Variable


class ScheduleFreeAdamW(Optimizer):
    """Steps of a point z, whose path is averaged; variables lie between z and the average, and need no schedule.

    With the average v of the squared gradient and step t, z shrinks by
    `learning_rate * gradient / (sqrt(v / (1 - beta_2^t)) + epsilon)`, the average x moves by `1 / t` of the way to z,
    and the variable becomes `beta_1 * x + (1 - beta_1) * z`.

    Args:
        learning_rate: as in `Optimizer`.
        beta_1: share of the average in the variable; not 0.
        beta_2: momentum of the average squared gradient.
        epsilon: added to the root.
        warmup_steps: over how many steps the learning rate grows to its full size; 0 for none.
        weight_decay, ..., name: as in `Optimizer`.

    Raises:
        ArgumentError: `beta_1` of 0, or negative `warmup_steps`.

    Reference: Defazio et al., "The road less scheduled", 2024.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([1.0])
        >>> gm.optimizers.ScheduleFreeAdamW(learning_rate=0.5).apply([gm.ops.ones(1)], [x])
        >>> round(float(x.numpy()[0]), 4)
        0.5
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        weight_decay: Optional[float] = None,
        **common: Any,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        if not beta_1:
            raise errors.ArgumentError(f"ScheduleFreeAdamW: beta_1 must not be 0; received {beta_1!r}; pass 0.9")
        if warmup_steps < 0:
            raise errors.ArgumentError(
                f"ScheduleFreeAdamW: warmup_steps must be >= 0; received {warmup_steps!r}; pass 0 for none"
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def build(self, variables: Sequence[Variable]) -> None:
        """Make two slots per variable: z, which starts where the variable is and is named "momentum", and v."""
        if self.built:
            return
        super().build(variables)
        self._momentums: List[Variable] = []
        self._velocities: List[Variable] = []
        for variable in variables:
            value = variable.numpy()
            slot = self.add_variable_from_reference(variable, "momentum", lambda *_, value=value, **__: value)
            self._momentums.append(slot)
            self._velocities.append(self.add_variable_from_reference(variable, "velocity"))

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the learning rate, the bias correction of the square, and the share of the newest point."""
        if self.warmup_steps > 0:
            learning_rate = learning_rate * ops.minimum(step / float(self.warmup_steps), 1.0)
        return learning_rate, 1.0 / (1.0 - ops.power(float(self.beta_2), step)), 1.0 / step

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = self.gradient_for(gradient, variable)
        rate, of_square, share = self.scalars(variable)
        index = self._get_variable_index(variable)
        slot, velocity_slot = self._momentums[index], self._velocities[index]
        start, value = self.gradient_for(slot, variable), self.gradient_for(variable, variable)
        velocity = velocity_slot + (ops.square(gradient) - velocity_slot) * (1.0 - self.beta_2)
        average = (value - start * (1.0 - self.beta_1)) / self.beta_1
        point = start - gradient * rate / (ops.sqrt(velocity * of_square) + self.epsilon)
        average = average * (1.0 - share) + point * share
        self.assign(velocity_slot, velocity)
        self.assign(slot, point)
        self.assign(variable, point * (1.0 - self.beta_1) + average * self.beta_1)

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }
