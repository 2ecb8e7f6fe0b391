"""What a cell is: a network, and the training of it that is measured. Needs Python's own library only."""

import dataclasses
from typing import Any, Dict, Tuple

NESTEROV_MOMENTUM = 0.95


@dataclasses.dataclass(frozen=True)
class Cell:
    """A network and how it is trained; two measurements are of the same thing if their cells are equal.

    Training goes over the same `steps` batches again and again; one pass over them is an epoch, and is what is timed.

    Attributes:
        name: of the cell.
        network: key of the tables in `keras_networks`, `torch_networks` and `mlx_networks`.
        data: how samples are made, a key of `data.MAKERS`, or a data set with test images for `target_accuracy`.
        shape: one sample, channels last.
        classes: number of classes.
        batch: samples of a step.
        steps: steps of an epoch, each with samples of its own.
        epochs: epochs that are timed.
        warm_up: epochs before them.
        optimizer: "sgd", "nesterov" (momentum 0.95) or "adam".
        rate: learning rate.
        loss: what the categorical cross-entropy gets: "probabilities", "logits", or "one-hot" labels and probabilities.
            Or "overlap": the loss of masks in `cvnet512`.
        vocabulary: number of tokens that the network knows, 0 for other samples.
        precision: "float32", "mixed_bfloat16" or "mixed_float16": what layers compute in; variables are float32.
        target_accuracy: if not 0, training goes on, for at most `epochs`, until this part of the test images is right.
    """

    name: str
    network: str
    data: str
    shape: Tuple[int, ...]
    classes: int
    batch: int
    steps: int
    epochs: int
    warm_up: int = 1
    optimizer: str = "adam"
    rate: float = 0.001
    loss: str = "logits"
    vocabulary: int = 0
    target_accuracy: float = 0.0
    precision: str = "float32"

    @property
    def samples(self) -> int:
        """Samples of an epoch."""
        return self.batch * self.steps

    def definition(self) -> Dict[str, Any]:
        """Return the attributes as JSON has them; files older than `precision` were measured in float32."""
        found = {**dataclasses.asdict(self), "shape": list(self.shape)}
        if self.precision == "float32":
            del found["precision"]
        return found

    @classmethod
    def from_definition(cls, definition: Dict[str, Any]) -> "Cell":
        """Return the cell of a definition.

        Args:
            definition: what `definition` returned.
        """
        return cls(**{**definition, "shape": tuple(definition["shape"])})
