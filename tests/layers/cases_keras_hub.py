"""Small models with layers that keras_hub has and GradMill, too.

Each row of MODELS is a function that makes a model from the package, and the shapes of its inputs, as in
cases_attention_layers.py.
"""

import importlib

import numpy as np
from cases_attention_layers import BATCH, FEATURES, KEY_TOKENS, KEYS, QUERIES, STEPS, TOKENS, VALUES, draw_inputs, mask

__all__ = ["MODELS", "draw_inputs"]

MODELS = {}


def blocks(keras):
    """Where the package has the layers."""
    if hasattr(keras.layers, "TransformerEncoder"):
        return keras.layers
    return importlib.import_module("keras_hub").layers


def add(name, kind, shapes=(QUERIES,), call=None, **arguments):
    """Register a model that is one layer called with all inputs; arrays among the shapes are given by name."""

    def build(keras):
        positions = [
            keras.Input(batch_shape=each.shape, dtype=str(each.dtype)) if isinstance(each, np.ndarray)
            else keras.Input(batch_shape=each) for each in shapes
        ]  # fmt: skip
        values, named = [], dict(call or {})
        names = iter([key for key, value in named.items() if value is None])
        for given, x in zip(shapes, positions):
            if isinstance(given, np.ndarray):
                named[next(names)] = x
            else:
                # Something to train before layers without weights.
                values.append(keras.layers.Dense(given[-1])(x))
        outputs = getattr(blocks(keras), kind)(**arguments)(*values, **named)
        if kind in ("PositionEmbedding", "SinePositionEncoding"):
            outputs = keras.ops.add(values[0], outputs)  # what they return depends on the shape only
        # Caches are no outputs of keras_hub's layer on symbolic tensors.
        return keras.Model(positions, outputs[0] if isinstance(outputs, tuple) else outputs)

    MODELS[name] = (build, shapes)


SIZES = {"intermediate_dim": 5, "num_heads": 2}
FIRST = {"normalize_first": True, "activation": "gelu", "layer_norm_epsilon": 1e-3}
FULL, PADDING, OTHER_PADDING = mask(BATCH, STEPS, STEPS), mask(BATCH, STEPS), mask(BATCH, KEYS)
CROSS = mask(BATCH, STEPS, KEYS)
add("encoder", "TransformerEncoder", **SIZES)
add("encoder-first", "TransformerEncoder", **SIZES, **FIRST)
add("encoder-uneven", "TransformerEncoder", intermediate_dim=5, num_heads=4)
add("encoder-padding", "TransformerEncoder", (QUERIES, PADDING), {"padding_mask": None}, **SIZES)
add("encoder-masks", "TransformerEncoder", (QUERIES, PADDING, FULL.astype("int32")),
    {"padding_mask": None, "attention_mask": None}, **SIZES, **FIRST)  # fmt: skip
add("decoder", "TransformerDecoder", **SIZES)
add("decoder-first", "TransformerDecoder", **SIZES, **FIRST)
add("decoder-open", "TransformerDecoder", call={"use_causal_mask": False}, **SIZES)
add("decoder-padding", "TransformerDecoder", (QUERIES, PADDING), {"decoder_padding_mask": None}, **SIZES)
add("decoder-mask", "TransformerDecoder", (QUERIES, FULL), {"decoder_attention_mask": None}, **SIZES)
add("decoder-cross", "TransformerDecoder", (QUERIES, VALUES), **SIZES)
add("decoder-cross-first", "TransformerDecoder", (QUERIES, VALUES), **SIZES, **FIRST)
add("decoder-cross-masks", "TransformerDecoder", (QUERIES, VALUES, PADDING, OTHER_PADDING, CROSS),
    {"decoder_padding_mask": None, "encoder_padding_mask": None, "encoder_attention_mask": None},
    **SIZES)  # fmt: skip
SOME_CACHE = np.random.default_rng(7).normal(size=(BATCH, 2, 8, 2, 3)).astype("float32")
add("decoder-cache", "TransformerDecoder", (QUERIES, SOME_CACHE),
    {"self_attention_cache": None, "self_attention_cache_update_index": 2}, **SIZES)  # fmt: skip
add("decoder-cache-cross", "TransformerDecoder", ((BATCH, 1, FEATURES), VALUES, SOME_CACHE, SOME_CACHE[:, :, :KEYS]),
    {"self_attention_cache": None, "self_attention_cache_update_index": 4, "cross_attention_cache": None,
     "cross_attention_cache_update_index": 0}, **SIZES)  # fmt: skip

PLACES = np.asarray([[4, 0, 2, 2, 6]] * BATCH, dtype="int32") + np.arange(BATCH, dtype="int32")[:, None]
for name, kind, arguments in (
    ("positions", "PositionEmbedding", {"sequence_length": 9}),
    ("sines", "SinePositionEncoding", {}),
    ("rotary", "RotaryEmbedding", {}),
):
    add(name, kind, **arguments)
    add(f"{name}-start", kind, call={"start_index": 3}, **arguments)
    add(f"{name}-places", kind, (QUERIES, PLACES), {"positions": None}, **arguments)
add("sines-wavelength", "SinePositionEncoding", ((2, 30, 7),), max_wavelength=50)
HEADS = (2, 7, 3, 8)
add("rotary-heads", "RotaryEmbedding", (HEADS,), max_wavelength=100, scaling_factor=2.0)
add("rotary-axes", "RotaryEmbedding", (HEADS,), sequence_axis=2, feature_axis=3)
add("rotary-dynamic", "RotaryEmbedding", (HEADS,), rope_type="dynamic", scaling_factor=3.0)
add("rotary-yarn", "RotaryEmbedding", (HEADS,), rope_type="yarn", scaling_factor=4.0, max_wavelength=500,
    original_max_position_embeddings=200)  # fmt: skip
add("rotary-yarn-smooth", "RotaryEmbedding", (HEADS,), rope_type="yarn", scaling_factor=4.0, truncate=False)
add("rotary-divisor", "RotaryEmbedding", (HEADS,), denominator_dim=16)


def texts(name, normalize_first, cross):
    """Register a model of one or two texts with padding."""

    def build(keras):
        layers = blocks(keras)
        x = keras.Input(batch_shape=TOKENS, dtype="int32")
        embed = layers.TokenAndPositionEmbedding(5, 6, FEATURES, mask_zero=True)
        y = layers.TransformerEncoder(**SIZES, normalize_first=normalize_first)(embed(x))
        if not cross:
            return keras.Model(x, keras.layers.GlobalAveragePooling1D()(y))
        z = keras.Input(batch_shape=KEY_TOKENS, dtype="int32")
        y = layers.TransformerDecoder(**SIZES, normalize_first=normalize_first)(embed(z), y)
        return keras.Model([x, z], keras.layers.GlobalAveragePooling1D()(y))

    MODELS[name] = (build, (TOKENS, KEY_TOKENS) if cross else (TOKENS,))


for first in (False, True):
    texts(f"text-{first}", first, False)
    texts(f"texts-{first}", first, True)
