"""Batches of rows of arrays, read as the numbers of those rows: training gathers them where the step runs."""

from __future__ import annotations

import copy
from typing import Any, Optional

import numpy as np

from gradmill.data.batching import Batch, BatchStage
from gradmill.data.iteration import DatasetIterator
from gradmill.data.ordering import Part, Repeat
from gradmill.data.stages import Node, Rows, Stage
from gradmill.data.threads import Prefetch
from gradmill.utils import structure


class NumberBatch(Batch):
    """Batches of the numbers that the rows before a `Batch` have."""

    def __init__(self, batch: Batch):
        super().__init__(batch.inputs[0], batch.size, batch.drop)

    def open(self) -> Stage:
        return BatchStage(self.inputs[0].open(), self.size, self.drop, lambda rows: np.asarray(rows, np.int64))


class RowBatches:
    """A data set of batches of rows.

    Args:
        node: gives an int64 array of row numbers for each batch.
        data: the arrays, structured like an element.
    """

    def __init__(self, node: Node, data: Any):
        self._node = node
        self.data = data

    def iterate(self) -> DatasetIterator:
        """Begin a pass; it counts as one of the data set, so that shuffles go on as they would have."""
        return DatasetIterator(self._node, lambda numbers: numbers)


def row_batches(node: Node) -> Optional[RowBatches]:
    """Return the batches of a pipeline as numbers of rows; None where they are more than rows of arrays in memory."""
    passing: list[Node] = []
    while type(node) in (Repeat, Part, Prefetch):
        passing.append(node)
        node = node.inputs[0]
    if type(node) is not Batch or type(node.inputs[0].rows) is not Rows:
        return None
    data = node.inputs[0].rows.data
    if not all(leaf is None or isinstance(leaf, np.ndarray) for leaf in structure.flatten(data)):
        return None
    numbers: Node = NumberBatch(node)
    for outer in reversed(passing):
        twin: Any = copy.copy(outer)
        twin.inputs = (numbers,)
        if isinstance(twin, Prefetch):
            twin.buffer_size = 0  # numbers are quicker made than passed from thread to thread
        numbers = twin
    return RowBatches(numbers, data)
