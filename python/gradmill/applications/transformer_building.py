"""What DistilBERT and BERT share: arguments, embeddings, encoder blocks, heads."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

from gradmill import config, initializers, layers, ops
from gradmill.applications.transformer_weights import Family, load_transformer_weights
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer, positive_integer
from gradmill.models import Model
from gradmill.serialization import register_serializable

HEADS = (None, "classification", "masked_lm")
_EPSILON = 1e-12
_DEVIATION = 0.02

_ARGUMENTS = """
Args:{size}
    head: None for {plain}; "classification" for logits (batch, classes) from the first token; "masked_lm" for logits
        (batch, length, vocabulary_size) of every token, whose table is that of the embeddings.
    weights: None for random weights, or the path of a file: `.safetensors` with the published names (those of the
        transformers library, with or without prefix, old spellings of normalizations, too), or Keras's
        `.weights.h5`, `.keras` or `.h5`. A head that a `.safetensors` file lacks as a whole stays random, with a
        warning; heads of other tasks in it are left out.
    classes: number of classes of the classification head.
    classifier_activation: activation of that head; None returns logits.
    inputs: names of the inputs, `"input_ids"` first{more_inputs}. With that name alone the model takes one array of
        integers (batch, length), else a dict of such arrays. `"attention_mask"` is 1 for tokens and 0 for padding.
    sequence_length: length of the sequences; None for any up to `max_positions`.
    vocabulary_size: number of tokens.
    max_positions: number of positions that have an embedding.
    num_layers: number of encoder blocks.
    hidden_size: width of the blocks.
    num_heads: heads of the attention; must divide `hidden_size`.
    intermediate_size: width inside the blocks.
    dropout: rate behind the embeddings and inside the blocks.
    attention_dropout: rate of the attention's weights.
    classifier_dropout: rate before the classification head.
    name: name of the model.

Returns:
    a functional `gm.Model`. Weights begin as published: normal with deviation 0.02, biases 0, the token of padding
    (id 0) a row of zeros.

Raises:
    ArgumentError: arguments that do not go together; a file with tensors that are missing or belong to no layer (all
        are listed), or a damaged one.
    ShapeError: weights of other shapes; all are listed.
    OSError: no such file.
"""


def transformer(plain: str, more_inputs: str = "", size: str = "") -> Callable:
    """Complete the docstring of a transformer with the arguments that all share.

    Args:
        plain: what the model returns without a head.
        more_inputs: which inputs it may have.
        size: lines for arguments before the shared ones.
    """
    text = _ARGUMENTS.format(plain=plain, more_inputs=more_inputs, size="\n    " + size if size else "")

    def complete(function: Callable) -> Callable:
        purpose, mark, example = inspect.cleandoc(function.__doc__ or "").partition("\nExample:")
        function.__doc__ = f"{purpose.rstrip()}\n{text}{mark}{example}"
        return function

    return complete


@dataclass(frozen=True)
class Settings:
    """The arguments that all transformers share."""

    head: Optional[str]
    weights: Any
    classes: int
    classifier_activation: Any
    inputs: Any
    sequence_length: Optional[int]
    vocabulary_size: int
    max_positions: int
    num_layers: int
    hidden_size: int
    num_heads: int
    intermediate_size: int
    dropout: float
    attention_dropout: float
    classifier_dropout: float
    name: Optional[str]

    def check(self, allowed_inputs: Sequence[str]) -> tuple:
        """Check the arguments and return the names of the inputs."""
        label = self.name or "transformer"
        if self.head not in HEADS:
            raise ArgumentError(f"{label}: expected head None, 'classification' or 'masked_lm'; received {self.head!r}")
        for name in ("classes", "vocabulary_size", "max_positions", "num_layers", "hidden_size", "num_heads",
                     "intermediate_size"):  # fmt: skip
            positive_integer(getattr(self, name), name, label)
        if self.hidden_size % self.num_heads:
            raise ArgumentError(
                f"{label}: expected num_heads that divides hidden_size {self.hidden_size}; received {self.num_heads}"
            )
        if self.sequence_length is not None:
            length = positive_integer(self.sequence_length, "sequence_length", label)
            if length > self.max_positions:
                raise ArgumentError(
                    f"{label}: expected sequence_length of at most {self.max_positions} (max_positions); received "
                    f"{length}"
                )
        names = (self.inputs,) if isinstance(self.inputs, str) else tuple(self.inputs)
        if "input_ids" not in names or set(names) - set(allowed_inputs) or len(set(names)) != len(names):
            raise ArgumentError(
                f"{label}: expected inputs to be 'input_ids' and others of {', '.join(allowed_inputs)}; received "
                f"{self.inputs!r}"
            )
        if self.weights is not None and not isinstance(self.weights, (str, os.PathLike)):
            raise ArgumentError(
                f"{label}: expected weights to be None or a path; received {type(self.weights).__name__}"
            )
        if self.weights is not None and not os.path.exists(self.weights):
            raise FileNotFoundError(
                2, f"{label}: expected weights to be None or an existing file; received", os.fspath(self.weights)
            )
        return names

    def make_inputs(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the symbolic inputs by name."""
        return {name: layers.Input((self.sequence_length,), dtype="int32", name=name) for name in names}


@dataclass(frozen=True)
class Block:
    """Names of the layers of an encoder block, behind its own name, and where it drops."""

    attention: str
    attention_norm: str
    widening: str
    narrowing: str
    norm: str
    drops_attention: bool


@register_serializable("gradmill")
class Bias(Layer):
    """Add a trained number to each entry of the last axis. Args: those of `Layer`. Weights: bias, of its size."""

    def build(self, input_shape: Any) -> None:
        """Make the numbers."""
        self.bias = self.add_weight((input_shape[-1],), name="bias", initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Return the sums."""
        return inputs + ops.cast(self.bias, inputs.dtype)


def deviation() -> Any:
    """Return the initializer of kernels and tables."""
    return initializers.RandomNormal(stddev=_DEVIATION)


def dense(x: Any, units: int, name: str, activation: Any = None, dtype: Any = None) -> Any:
    """Return a dense layer's output.

    Args:
        x: features.
        units: number of outputs.
        name: name of the layer.
        activation: what follows.
        dtype: dtype of the layer, None for the policy's.
    """
    return layers.Dense(units, activation=activation, kernel_initializer=deviation(), name=name, dtype=dtype)(x)


def normalize(x: Any, name: str) -> Any:
    """Return features of mean 0 and variance 1, scaled and shifted.

    Args:
        x: features.
        name: name of the layer.
    """
    return layers.LayerNormalization(epsilon=_EPSILON, name=name)(x)


def encode(settings: Settings, x: Any, mask: Any, prefix: str, names: Block) -> Any:
    """Return the output of the last encoder block.

    Args:
        settings: the arguments.
        x: embeddings.
        mask: the input `attention_mask`, or None.
        prefix: what names of blocks begin with; their number follows.
        names: what names of layers end with.
    """
    if mask is not None:
        mask = ops.cast(ops.expand_dims(mask, 1), "bool")
    for number in range(settings.num_layers):
        start = f"{prefix}{number}"
        attention = layers.MultiHeadAttention(
            settings.num_heads,
            settings.hidden_size // settings.num_heads,
            dropout=settings.attention_dropout,
            kernel_initializer=deviation(),
            name=f"{start}.{names.attention}",
        )(x, x, attention_mask=mask)
        if names.drops_attention:
            attention = layers.Dropout(settings.dropout, name=f"{start}.{names.attention}.dropout")(attention)
        x = layers.Add(name=f"{start}.{names.attention}.add")([attention, x])
        x = normalize(x, f"{start}.{names.attention_norm}")
        inside = dense(x, settings.intermediate_size, f"{start}.{names.widening}", "gelu")
        inside = dense(inside, settings.hidden_size, f"{start}.{names.narrowing}")
        inside = layers.Dropout(settings.dropout, name=f"{start}.{names.narrowing}.dropout")(inside)
        x = layers.Add(name=f"{start}.{names.narrowing}.add")([inside, x])
        x = normalize(x, f"{start}.{names.norm}")
    return x


def classify(settings: Settings, x: Any) -> Any:
    """Return the output of the classifier.

    Args:
        settings: the arguments.
        x: features of the whole sequence.
    """
    x = layers.Dropout(settings.classifier_dropout, name="classifier.dropout")(x)
    # Under mixed precision outputs and loss stay in 32 bits.
    return dense(x, settings.classes, "classifier", settings.classifier_activation, config.floatx())


def predict_tokens(x: Any, table: Any, names: Sequence[str]) -> Any:
    """Return the logits of all tokens at all places.

    Args:
        x: output of the encoder.
        table: the `ReversibleEmbedding` of the tokens.
        names: of the dense layer, the normalization, and the bias.
    """
    x = normalize(dense(x, x.shape[-1], names[0], "gelu"), names[1])
    return Bias(name=names[2], dtype=config.floatx())(table(x, reverse=True))


def finish(settings: Settings, inputs: dict[str, Any], output: Any, table: Any, family: Family) -> Model:
    """Make the model and give it the weights of the file.

    Args:
        settings: the arguments.
        inputs: what `make_inputs` returned.
        output: the output of the network.
        table: the embedding of the tokens.
        family: names of tensors in files.
    """
    model = Model(inputs["input_ids"] if len(inputs) == 1 else inputs, output, name=settings.name)
    rows = table.embeddings.numpy()
    rows[0] = 0
    table.embeddings.assign(rows)
    if settings.weights is not None:
        path = os.fspath(settings.weights)
        if path.endswith(".safetensors"):
            load_transformer_weights(model, path, family)
        else:
            model.load_weights(path)
    return model
