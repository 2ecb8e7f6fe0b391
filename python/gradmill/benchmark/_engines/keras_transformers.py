"""Transformers in layers of Keras: DistilBERT and BERT, which Keras has no applications of, and a decoder."""

from typing import Any, Sequence

_RATE = 0.1
_EPSILON = 1e-12
_DECODER_EPSILON = 1e-5
_MOST_PLACES = 512


def _places(keras: Any, words: Any, most: int) -> Any:
    """The first rows of a trained table of `most`, one for each place of the words."""

    class Places(keras.layers.Layer):  # type: ignore[name-defined, misc]
        def build(self, input_shape: Any) -> None:
            self.embeddings = self.add_weight((most, input_shape[-1]), name="embeddings")

        def call(self, inputs: Any) -> Any:
            return keras.ops.expand_dims(self.embeddings[: inputs.shape[1]], 0)

    return Places()(words)


def _block(keras: Any, x: Any, sizes: Sequence[int], drops_attention: bool) -> Any:
    """Attention and two dense layers, each with its shortcut and normalized behind it."""
    layers = keras.layers
    _, width, heads, inside = sizes
    picked = layers.MultiHeadAttention(heads, width // heads, dropout=_RATE)(x, x)
    if drops_attention:
        picked = layers.Dropout(_RATE)(picked)
    x = layers.LayerNormalization(epsilon=_EPSILON)(layers.Add()([picked, x]))
    narrowed = layers.Dropout(_RATE)(layers.Dense(width)(layers.Dense(inside, activation="gelu")(x)))
    return layers.LayerNormalization(epsilon=_EPSILON)(layers.Add()([narrowed, x]))


def classifier(keras: Any, sizes: Sequence[int], length: int, vocabulary: int, classes: int, bert: bool) -> Any:
    """Return a network that gives logits from the first token.

    Args:
        keras: Keras or GradMill.
        sizes: layers, width, heads, width inside the blocks.
        length: tokens of a text.
        vocabulary: number of tokens there are.
        classes: number of logits.
        bert: whether it is BERT, which has kinds of texts, a further dropout in each block, and tanh before the logits.
    """
    layers = keras.layers
    depth, width = sizes[:2]
    ids = layers.Input((length,), dtype="int32")
    words = layers.Embedding(vocabulary, width)(ids)
    parts = [words]
    if bert:
        parts.append(layers.Embedding(2, width)(keras.ops.zeros_like(ids)))
    x = layers.Add()([*parts, _places(keras, words, _MOST_PLACES)])
    x = layers.Dropout(_RATE)(layers.LayerNormalization(epsilon=_EPSILON)(x))
    for _ in range(depth):
        x = _block(keras, x, sizes, bert)
    x = layers.Dense(width, activation="tanh" if bert else "relu")(x[:, 0])
    return keras.Model(ids, layers.Dense(classes)(layers.Dropout(_RATE if bert else 0.2)(x)))


def decoder(keras: Any, sizes: Sequence[int], length: int, characters: int) -> Any:
    """Return a network that gives logits of the next character at every place; parts are normalized at their begin.

    Args:
        keras: Keras or GradMill.
        sizes: layers, width, heads, width inside the blocks.
        length: characters of a piece.
        characters: number of characters there are.
    """
    layers = keras.layers
    depth, width, heads, inside = sizes
    ids = layers.Input((length,), dtype="int32")
    words = layers.Embedding(characters, width)(ids)
    x = layers.Dropout(_RATE)(layers.Add()([words, _places(keras, words, length)]))
    for _ in range(depth):
        before = layers.LayerNormalization(epsilon=_DECODER_EPSILON)(x)
        picked = layers.MultiHeadAttention(heads, width // heads, dropout=_RATE)(before, before, use_causal_mask=True)
        x = layers.Add()([layers.Dropout(_RATE)(picked), x])
        before = layers.LayerNormalization(epsilon=_DECODER_EPSILON)(x)
        narrowed = layers.Dense(width)(layers.Dense(inside, activation="gelu")(before))
        x = layers.Add()([layers.Dropout(_RATE)(narrowed), x])
    return keras.Model(ids, layers.Dense(characters)(layers.LayerNormalization()(x)))
