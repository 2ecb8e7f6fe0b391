"""Low-rank updates (LoRA): a table of weights stays as it is, and a product of two small matrices is trained."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import initializers, ops
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.layers import calling
from gradmill.layers.base import Layer, cast_like, positive_integer


class LowRankLayer(Layer):
    """Base class of layers whose largest weight can get a low-rank update.

    Attributes:
        lora_enabled: whether there is an update.
        lora_rank: rank of the update, None for none.
        lora_alpha: the update is multiplied by `lora_alpha / lora_rank`.

    Reference: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
    """

    _table_name = "kernel"

    def _prepare_low_rank(self, rank: Optional[int], alpha: Optional[float], quantization_config: Any) -> None:
        """Remember what the constructor was given; `build` ends with `_enable_wanted`."""
        must_be_none("quantization_config", quantization_config, self._label)
        self.lora_rank: Any = None if rank is None else positive_integer(rank, "lora_rank", self._label)
        self.lora_alpha: Any = rank if alpha is None else alpha
        self.lora_enabled = False
        self._table: Any = None
        self._low_rank_factors: list[Any] = []

    def _enable_wanted(self) -> None:
        if self.lora_rank and not self.lora_enabled:
            self._enable(self.lora_rank, self.lora_alpha)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: Optional[float] = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the kernel (of `Embedding` the table) and train an update of low rank in its place.

        The weight is `kernel + lora_alpha / rank * a @ b` from now on. `a` has the kernel's shape with `rank` in the
        place of its last size, `b` is (rank, last size); both are float32. Compile the model again afterwards. Files
        hold the sum, so that a layer without an update can read them; after reading, an update begins from zero again.

        Args:
            rank: of the update.
            lora_alpha: strength of the update; default `rank`.
            a_initializer: first values of `a`.
            b_initializer: first values of `b`; with zeros, outputs are the same at first.

        Raises:
            ArgumentError: a layer that is not built, has an update or a constraint on the weight; a rank that is not a
                positive integer.

        Example:
            >>> import gradmill as gm
            >>> layer = gm.layers.Dense(64)
            >>> layer.build((None, 128))
            >>> layer.enable_lora(4)
            >>> [tuple(weight.shape) for weight in layer.trainable_weights]
            [(64,), (128, 4), (4, 64)]
        """
        rank = positive_integer(rank, "rank of enable_lora", self._label)
        if self._table is None:
            raise ArgumentError(f"{self._label}: expected a built layer for enable_lora; call it on inputs first")
        if self.lora_enabled:
            raise ArgumentError(f"{self._label}: expected enable_lora once; this layer has a low-rank update already")
        self._enable(rank, rank if lora_alpha is None else lora_alpha, a_initializer, b_initializer)
        calling.note_change()

    def _enable(self, rank: int, alpha: Any, a_initializer: Any = "he_uniform", b_initializer: Any = "zeros") -> None:
        name = self._table_name
        if getattr(self, f"{name}_constraint") is not None:
            raise ArgumentError(
                f"{self._label}: expected no {name}_constraint with a low-rank update, which would not follow it; "
                f"received {getattr(self, f'{name}_constraint')!r}"
            )
        shape = tuple(self._table.shape)
        factors = [("a", (*shape[:-1], rank), a_initializer), ("b", (rank, shape[-1]), b_initializer)]
        self._low_rank_factors = [
            self.add_weight(
                size,
                name=f"lora_{name}_{part}",
                initializer=initializers.get(initializer),
                dtype="float32",
                regularizer=getattr(self, f"{name}_regularizer"),
            )
            for part, size, initializer in factors
        ]
        self._table.trainable = False
        self.lora_rank, self.lora_alpha, self.lora_enabled = rank, alpha, True

    def _scaled(self, update: Any) -> Any:
        return update * (self.lora_alpha / self.lora_rank)

    def _whole_table(self) -> Any:
        """The weight with its update: the variable itself while there is none."""
        if not self.lora_enabled:
            return self._table
        update = self._scaled(ops.matmul(*self._low_rank_factors))
        return ops.add(self._table, ops.cast(update, self._table.dtype))

    def _with_update(self, outputs: Any, through_a: Any) -> Any:
        """Outputs of the frozen weight with those of the update.

        Args:
            outputs: (..., last size).
            through_a: returns (..., rank) for the factor `a`.
        """
        if not self.lora_enabled:
            return outputs
        a, b = (cast_like(each, outputs) for each in self._low_rank_factors)
        return ops.add(outputs, self._scaled(ops.matmul(through_a(a), b)))

    def _stored_variables(self) -> list[Any]:
        factors = {id(each) for each in self._low_rank_factors}
        return [each for each in super()._stored_variables() if id(each) not in factors]

    def save_own_variables(self, store: Any) -> None:
        """Write the variables into `store`, the weight with its update."""
        for index, variable in enumerate(self._stored_variables()):
            store[str(index)] = np.asarray(self._whole_table()) if variable is self._table else variable

    def load_own_variables(self, store: Any) -> None:
        """Read the variables from `store`; an update begins from zero again."""
        super().load_own_variables(store)
        if self.lora_enabled:
            # A stays as it is: with zeros in both, neither would ever get a gradient.
            self._low_rank_factors[1].assign(ops.zeros_like(self._low_rank_factors[1]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha} if self.lora_rank else {}
        return {**super().get_config(), **own}


def must_be_none(name: str, value: Any, owner: str) -> None:
    """Refuse an argument that Keras has for quantized weights, of which there are none."""
    if value is not None:
        raise UnsupportedError(f"{owner}: expected {name} None; received {value!r}")


def low_rank_factor(number: int) -> property:
    """Return the attribute of a `LowRankLayer` for one of the two factors of its update."""

    def get(self: LowRankLayer) -> Any:
        if not self.lora_enabled:
            raise AttributeError(f"{self._label}: there is no low-rank update; call enable_lora(rank)")
        return self._low_rank_factors[number]

    return property(get, doc=f"Factor {'ab'[number]} of the update.")
