"""Training speed and memory of transformers that classify texts, GradMill beside PyTorch.

    python benchmarks/transformer.py                              # this package alone, both workloads
    python benchmarks/transformer.py --peer-python PATH --engines gradmill,torch,torch-best
    python benchmarks/transformer.py --workloads distilbert --layers

distilbert: distilbert-base-uncased, batch 8; bert_large: bert-large-uncased, batch 2. Sequences of 128 random ids, 8
classes, dropout as published, Adam(1e-5): forward, loss, gradient, update. The rest is as in `vision.py`: epochs in
memory, the first of which warms up, every run a process of its own, GFLOP/s of products alone.

`torch-best` keeps freed memory and has the fused optimizer; attention is PyTorch's fused one in both.
"""

import dataclasses
from pathlib import Path
from typing import Optional

import vision


@dataclasses.dataclass(frozen=True)
class Workload:
    """A transformer and how it is trained.

    Attributes:
        family: "distilbert" or "bert".
        layers, width, heads, inside: sizes of the blocks.
        batch: sequences of a step.
        steps: steps of an epoch.
        target: how many times as fast as the fastest peer GradMill is to be.
        length: ids of a sequence.
        classes: number of classes.
        vocabulary: number of tokens; ids are drawn from all of them.
    """

    family: str
    layers: int
    width: int
    heads: int
    inside: int
    batch: int
    steps: int
    target: Optional[float]
    length: int = 128
    classes: int = 8
    vocabulary: int = 30522

    def quick(self):
        """The same, small."""
        return dataclasses.replace(
            self, layers=2, width=32, heads=2, inside=64, batch=2, steps=1, length=16, vocabulary=100
        )


WORKLOADS = {
    "distilbert": Workload("distilbert", 6, 768, 12, 3072, 8, 3, 1.4),
    "bert_large": Workload("bert", 24, 1024, 16, 4096, 2, 2, 1.4),
}

if __name__ == "__main__":
    engines = ("gradmill", "torch", "torch-best")
    vision.main(vision.Suite(__doc__, engines, WORKLOADS, Path(__file__).with_name("transformer_run.py")))
