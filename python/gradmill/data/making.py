"""Where data sets begin: the class methods of `Dataset` that make one."""

from __future__ import annotations

import glob
import itertools
from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.arguments import arranged, check_seed, node_of
from gradmill.data.iteration import Readable
from gradmill.data.mixing import Mixed
from gradmill.data.ordering import Shuffle, zip_nodes
from gradmill.data.sources import Counter, Generated, Items, Range, Slices, generator_spec
from gradmill.data.stages import check_count
from gradmill.data.stored import to_rows
from gradmill.utils import structure
from gradmill.utils.random_seed import new_shuffle_seed

_Made = TypeVar("_Made", bound="Made")


class Made(Readable):
    """The ways to make a data set."""

    @classmethod
    def from_tensor_slices(cls: type[_Made], tensors: Any, name: Optional[str] = None) -> _Made:
        """Return the data set of the rows of arrays, which are read where they are.

        Args:
            tensors: array, or tuples and dicts of arrays with one first size. A list is one array. Data sets of h5py
                are read row by row, and batch by batch, when they are needed.
            name: not used.

        Raises:
            ShapeError: for scalars and different first sizes.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.from_tensor_slices([1, 2, 3])]
            [1, 2, 3]
        """
        return cls(Slices(elements.map_leaves(to_rows, tensors)))

    @classmethod
    def from_tensors(cls: type[_Made], tensors: Any, name: Optional[str] = None) -> _Made:
        """Return the data set with one element.

        Args:
            tensors: the element.
            name: not used.
        """
        return cls(Items([elements.to_element(tensors)]))

    @classmethod
    def from_generator(
        cls: type[_Made],
        generator: Callable[..., Iterable],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Optional[Iterable] = None,
        output_signature: Any = None,
        name: Optional[str] = None,
    ) -> _Made:
        """Return the data set of what a Python function yields; each pass calls it again.

        Args:
            generator: function that returns a generator or another iterable.
            output_types: dtypes, structured like an element.
            output_shapes: their shapes, None for any.
            args: arguments of the function, given to it as NumPy arrays.
            output_signature: `TensorSpec`s instead of types and shapes. Without either the first element decides on
                structure, dtypes and ranks.
            name: not used.

        Raises:
            ArgumentError: when `generator` is no function, or the declarations contradict each other. An item that is
                not as declared raises when it is read; what the generator itself raises comes through as it is.

        Example:
            >>> import gradmill as gm
            >>> def count(stop):
            ...     yield from range(stop)
            >>> dataset = gm.data.Dataset.from_generator(count, output_types="float32", args=(3,))
            >>> [float(x) for x in dataset]
            [0.0, 1.0, 2.0]
        """
        if not callable(generator):
            raise errors.ArgumentError(
                f"from_generator: generator must be a function that returns a generator; received a "
                f"{type(generator).__name__}; pass the function without calling it"
            )
        arguments = tuple(np.asarray(elements.to_leaf(argument))[()] for argument in args or ())
        return cls(Generated(generator, arguments, generator_spec(output_types, output_shapes, output_signature)))

    @classmethod
    def range(cls: type[_Made], *args: Any, output_type: Any = "int64", name: Optional[str] = None) -> _Made:
        """Return the data set of integers `range(*args)`.

        Args:
            *args: `stop`; `start, stop`; or `start, stop, step`.
            output_type: dtype.
            name: not used.

        Raises:
            ArgumentError: for another number of arguments, or a step of 0.
        """
        numbers = [check_count("range", "each argument", value, -(2**63)) for value in args]
        if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and numbers[2] == 0):
            raise errors.ArgumentError(f"range: expected stop, or start, stop, step with step != 0; received {args}")
        return cls(Range(range(*numbers), elements.dtype_name(output_type)))

    @classmethod
    def counter(
        cls: type[_Made], start: int = 0, step: int = 1, dtype: Any = "int64", name: Optional[str] = None
    ) -> _Made:
        """Return the endless data set `start, start + step, ...`.

        Args:
            start: first number.
            step: distance of two, not 0.
            dtype: dtype.
            name: not used.

        Raises:
            ArgumentError: a step of 0.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.counter(5, step=2).take(3)]
            [5, 7, 9]
        """
        first = check_count("counter", "start", start, -(2**63))
        distance = check_count("counter", "step", step, -(2**63))
        if distance == 0:
            raise errors.ArgumentError("counter: expected a step that is not 0; received 0")
        return cls(Counter(first, distance, elements.dtype_name(dtype)))

    @classmethod
    def random(
        cls: type[_Made],
        seed: Any = None,
        rerandomize_each_iteration: Optional[bool] = None,
        name: Optional[str] = None,
    ) -> _Made:
        """Return integers from 0 to 2**32 - 1 without end, drawn by chance.

        Args:
            seed: integer; default: from `gm.utils.set_random_seed`, or a new one.
            rerandomize_each_iteration: whether each pass has other numbers; default: the same in each.
            name: not used.

        Example:
            >>> import gradmill as gm
            >>> numbers = gm.data.Dataset.random(seed=4).take(2)
            >>> [int(x) for x in numbers] == [int(x) for x in numbers]
            True
        """
        given = check_seed(seed, "random")
        key = new_shuffle_seed() if given is None else given
        passes = itertools.count()

        def draw() -> Iterator[np.int64]:
            number = next(passes) if rerandomize_each_iteration else 0
            generator = np.random.Generator(np.random.Philox(key=[key % 2**64, number]))
            while True:
                yield from generator.integers(0, 2**32, 256)

        return cls.from_generator(draw, output_types="int64", output_shapes=())

    @classmethod
    def zip(cls: type[_Made], *args: Any, datasets: Any = None, name: Optional[str] = None) -> _Made:
        """Return the data set whose elements are those of several, side by side, until the first ends.

        Args:
            *args: data sets, or one tuple or dict of data sets, nested as the elements are to be.
            datasets: the same as one argument.
            name: not used.

        Raises:
            ArgumentError: for anything that is no data set.

        Example:
            >>> import gradmill as gm
            >>> pairs = gm.data.Dataset.zip(gm.data.Dataset.range(3), gm.data.Dataset.range(5, 10))
            >>> [(int(a), int(b)) for a, b in pairs]
            [(0, 5), (1, 6), (2, 7)]
        """
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        nodes = [node_of(leaf, "zip") for leaf in structure.flatten(given)]
        if not nodes:
            raise errors.ArgumentError("zip: expected at least one data set; received none")

        return cls(zip_nodes(nodes, lambda items: arranged(given, iter(items))))

    @classmethod
    def list_files(
        cls: type[_Made],
        file_pattern: Any,
        shuffle: Optional[bool] = None,
        seed: Any = None,
        name: Optional[str] = None,
    ) -> _Made:
        """Return the data set of the names of files, as text.

        Args:
            file_pattern: pattern with `*` and `?`, or a list of them.
            shuffle: whether each pass has a new order (default: yes).
            seed: seed of that order.
            name: not used.

        Raises:
            ArgumentError: when no file matches.
        """
        patterns = np.asarray(file_pattern).ravel().tolist()
        texts = [pattern.decode() if isinstance(pattern, bytes) else str(pattern) for pattern in patterns]
        files = sorted({path for pattern in texts for path in glob.glob(pattern)})
        if not files:
            raise errors.ArgumentError(f"list_files: no file matches {texts}")
        node = Slices(elements.to_element(files))
        return cls(node if shuffle is False else Shuffle(node, len(files), check_seed(seed, "list_files"), True))

    @classmethod
    def sample_from_datasets(
        cls: type[_Made],
        datasets: Any,
        weights: Any = None,
        seed: Any = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: Optional[bool] = None,
    ) -> _Made:
        """Return the data set that takes each element from one of several, drawn by chance.

        Args:
            datasets: list of data sets.
            weights: chance of each, default equal ones.
            seed: seed of the draws.
            stop_on_empty_dataset: whether it ends with the first that ends.
            rerandomize_each_iteration: accepted; passes differ.

        Raises:
            ArgumentError: for no data sets, or weights that do not fit.
        """
        nodes = [node_of(dataset, "sample_from_datasets") for dataset in datasets]
        chances = np.ones(len(nodes)) if weights is None else np.asarray(weights, np.float64)
        if not nodes or chances.shape != (len(nodes),) or chances.min() < 0 or chances.sum() <= 0:
            raise errors.ArgumentError(
                f"sample_from_datasets: expected data sets and a weight >= 0 for each; received {len(nodes)} data "
                f"sets and weights={weights!r}"
            )
        return cls(Mixed(nodes, chances, None, check_seed(seed, "sample_from_datasets"), stop_on_empty_dataset))

    @classmethod
    def choose_from_datasets(
        cls: type[_Made], datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> _Made:
        """Return the data set that takes each element from one of several, as a data set of integers says.

        Args:
            datasets: list of data sets.
            choice_dataset: data set of positions in that list.
            stop_on_empty_dataset: whether it ends with the first that ends.

        Raises:
            ArgumentError: for anything that is no data set.
        """
        nodes = [node_of(dataset, "choose_from_datasets") for dataset in datasets]
        return cls(Mixed(nodes, None, node_of(choice_dataset, "choose_from_datasets"), 0, stop_on_empty_dataset))
