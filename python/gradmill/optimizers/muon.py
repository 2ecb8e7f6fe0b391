"""Muon: momentum turned into a step that changes a matrix alike in all directions."""

import re
from typing import Any, List, Optional, Sequence

from gradmill import errors, ops
from gradmill.optimizers.arguments import with_common_arguments
from gradmill.optimizers.base import Optimizer
from gradmill.variable import Variable


class Muon(Optimizer):
    """Steps along the orthogonalized momentum of matrices; other variables are updated as by AdamW.

    The momentum `m = momentum * m + gradient` of a matrix is brought near to the orthogonal matrix next to it by
    `ns_steps` steps of the iteration `x = a x + b (x x') x + c (x x')^2 x`. Which variables AdamW updates: all
    without exactly two axes, and those that `exclude_layers` and `exclude_embeddings` name.

    Args:
        learning_rate: as in `Optimizer`.
        adam_beta_1, adam_beta_2, epsilon: of AdamW, as in `Adam`.
        adam_weight_decay: weight decay of what AdamW updates, or None.
        weight_decay: weight decay of the matrices, or None.
        clipnorm, ..., name: as in `Optimizer`.
        exclude_layers: regular expressions; AdamW updates a variable in whose path one is found.
        exclude_embeddings: AdamW updates variables with "embedding" in their path.
        muon_a, muon_b, muon_c: factors of the iteration.
        adam_lr_ratio: learning rate of AdamW as a share of that of the matrices.
        momentum: of the matrices' momentum.
        ns_steps: steps of the iteration.
        nesterov: look ahead along the momentum.
        rms_rate: the step is multiplied by `rms_rate * sqrt(longer side)`; None does not.

    Raises:
        ArgumentError: `ns_steps` that is no integer of at least 1, or `exclude_layers` that are no texts.

    Reference: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is
    scalable for LLM training", 2025.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable([[1.0, 0.0], [0.0, 1.0]])
        >>> gm.optimizers.Muon(learning_rate=0.1, weight_decay=None).apply([gm.ops.eye(2) * 3.0], [x])
        >>> bool((x.numpy().diagonal() < 1.0).all())
        True
    """

    @with_common_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: Optional[float] = 0.004,
        epsilon: float = 1e-7,
        weight_decay: Optional[float] = 0.004,
        *,
        exclude_layers: Optional[Sequence[str]] = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: Optional[float] = 0.2,
        **common: Any,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        patterns = [] if exclude_layers is None else exclude_layers
        if not isinstance(patterns, (list, tuple)) or not all(isinstance(each, str) for each in patterns):
            raise errors.ArgumentError(
                f"Muon: exclude_layers must be a list of regular expressions; received {exclude_layers!r}; "
                "pass for example ['output']"
            )
        if isinstance(ns_steps, bool) or not isinstance(ns_steps, int) or ns_steps < 1:
            raise errors.ArgumentError(f"Muon: ns_steps must be an integer >= 1; received {ns_steps!r}; pass 5")
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(patterns)
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def build(self, variables: Sequence[Variable]) -> None:
        """Make a momentum per variable, and a velocity where AdamW updates it."""
        if self.built:
            return
        super().build(variables)
        self._momentums: List[Variable] = []
        self._velocities: List[Optional[Variable]] = []
        for variable in variables:
            self._momentums.append(self.add_variable_from_reference(variable, "momentum"))
            by_adam = self._is_left_to_adam(variable)
            self._velocities.append(self.add_variable_from_reference(variable, "velocity") if by_adam else None)

    def _is_left_to_adam(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def prepare_step(self, learning_rate: Any, step: Any) -> Any:
        """Return the learning rate of the matrices, and that of AdamW with both bias corrections in it."""
        correction = ops.sqrt(1.0 - ops.power(float(self.adam_beta_2), step))
        correction = correction / (1.0 - ops.power(float(self.adam_beta_1), step))
        return learning_rate, learning_rate * self.adam_lr_ratio * correction

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        gradient, (rate, adam_rate) = self.gradient_for(gradient, variable), self.scalars(variable)
        index = self._get_variable_index(variable)
        slot, velocity_slot = self._momentums[index], self._velocities[index]
        if velocity_slot is not None:
            average = slot + (gradient - slot) * (1.0 - self.adam_beta_1)
            velocity = velocity_slot + (ops.square(gradient) - velocity_slot) * (1.0 - self.adam_beta_2)
            self.assign(slot, average)
            self.assign(velocity_slot, velocity)
            self.assign(variable, variable - average * adam_rate / (ops.sqrt(velocity) + self.epsilon))
            return
        momentum = slot * self.momentum + gradient
        self.assign(slot, momentum)
        direction = self._orthogonalized(gradient + momentum * self.momentum if self.nesterov else momentum)
        size = 1.0 if self.rms_rate is None else self.rms_rate * max(variable.shape) ** 0.5
        self.assign(variable, variable - direction * rate * size)

    def _orthogonalized(self, x: Any) -> Any:
        is_tall = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if is_tall else x
        # No singular value is above 1 then, where the iteration works.
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            products = ops.matmul(x, ops.transpose(x))
            factor = products * self.muon_b + ops.matmul(products, products) * self.muon_c
            x = x * self.muon_a + ops.matmul(factor, x)
        return ops.transpose(x) if is_tall else x

    def _decay_of(self, variable: Variable) -> Optional[float]:
        return self.adam_weight_decay if self._is_left_to_adam(variable) else self.weight_decay

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        names = (
            "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings",
            "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
