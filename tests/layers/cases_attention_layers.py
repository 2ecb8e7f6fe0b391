"""Small models with attention, written against names that GradMill and Keras both have.

Each row of MODELS is a function that makes a model from the package, and the shapes of its inputs: floats, tokens where
the shape has two axes, or an array that is the input. Token 0 is padding.
"""

import numpy as np

BATCH, STEPS, KEYS, FEATURES = 3, 5, 4, 6
QUERIES, VALUES = (BATCH, STEPS, FEATURES), (BATCH, KEYS, FEATURES)
TOKENS, KEY_TOKENS = (BATCH, STEPS), (BATCH, KEYS)

MODELS = {}


def model(*shapes):
    """Register a function under its name."""

    def register(function):
        MODELS[function.__name__] = (function, shapes)
        return function

    return register


def add(name, kind, shapes=(QUERIES, VALUES), call=None, visible=None, **arguments):
    """Register a model that is one layer called with all inputs; `visible` is a mask, and an input too."""

    def build(keras):
        inputs = [keras.Input(batch_shape=shape) for shape in shapes]
        layer = getattr(keras.layers, kind)(**arguments)
        given = dict(call or {})
        if visible is not None:
            given["attention_mask"] = keras.Input(batch_shape=visible.shape, dtype="bool")
        outputs = layer(*(inputs if len(inputs) > 1 else inputs * 2), **given)
        if isinstance(outputs, tuple):
            # Keras leaves the attention mask on the scores, where the loss would take it for one of steps.
            outputs = [outputs[0], keras.ops.multiply(outputs[1], 1.0)]
        return keras.Model(inputs if visible is None else [*inputs, given["attention_mask"]], outputs)

    MODELS[name] = (build, shapes if visible is None else (*shapes, visible))


def add_dense(name, equation, output_shape, shape, **arguments):
    """Register a model that is one EinsumDense."""

    def build(keras):
        x = keras.Input(batch_shape=shape)
        return keras.Model(x, keras.layers.EinsumDense(equation, output_shape, **arguments)(x))

    MODELS[f"EinsumDense-{name}"] = (build, (shape,))


def add_attention(name, kind, shapes=(QUERIES, VALUES), call=None, **arguments):
    """Register a model that is one layer, called with a list of inputs, and something to train before it."""

    def build(keras):
        layers = keras.layers
        inputs = [keras.Input(batch_shape=shape) for shape in shapes]
        values = [layers.Dense(FEATURES)(each) for each in inputs]
        outputs = getattr(layers, kind)(**arguments)(values, **(call or {}))
        outputs = outputs if isinstance(outputs, tuple) else [outputs]
        return keras.Model(inputs, [layers.Flatten()(each) for each in outputs])

    MODELS[name] = (build, shapes)


def mask(*shape):
    """A mask that hides some keys and leaves one for each query."""
    visible = np.random.default_rng(len(shape)).random(shape) < 0.6
    visible[..., 0] = True
    return visible


SCORES, CAUSAL = {"return_attention_scores": True}, {"use_causal_mask": True}
HEADS = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
PENALTIES = {
    "kernel_regularizer": "l2", "bias_regularizer": "l1", "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg", "bias_initializer": "ones",
}  # fmt: skip
for kind, own in (("MultiHeadAttention", HEADS), ("GroupQueryAttention", GROUPS)):
    add(f"{kind}-self", kind, (QUERIES,), **own)
    add(f"{kind}-cross", kind, **own)
    add(f"{kind}-key", kind, (QUERIES, VALUES, (BATCH, KEYS, FEATURES)), **own)
    add(f"{kind}-plain", kind, use_bias=False, **own)
    add(f"{kind}-gate", kind, use_gate=True, **own)
    add(f"{kind}-causal", kind, call=CAUSAL, **own)
    add(f"{kind}-scores", kind, call=SCORES, **own)
    add(f"{kind}-causal-scores", kind, call={**SCORES, **CAUSAL}, **own)
    add(f"{kind}-window", kind, (QUERIES,), sliding_window=2, **own)
    add(f"{kind}-causal-window", kind, (QUERIES,), CAUSAL, sliding_window=3, **own)
    add(f"{kind}-penalties", kind, **PENALTIES, **own)
VALUE_AND_KEY = ((BATCH, KEYS, 2), (BATCH, KEYS, 7))
add("heads-value", "MultiHeadAttention", (QUERIES, *VALUE_AND_KEY), value_dim=4, output_shape=5, **HEADS)
add("heads-outputs", "MultiHeadAttention", (QUERIES,), value_dim=4, output_shape=(2, 3), use_gate=True, **HEADS)
IMAGES, OTHERS = (2, 3, 4, 5), (2, 3, 2, 5)
add("heads-images", "MultiHeadAttention", (IMAGES,), **HEADS)
add("heads-images-scores", "MultiHeadAttention", (IMAGES,), SCORES, **HEADS)
add("heads-columns", "MultiHeadAttention", (IMAGES, OTHERS), SCORES, attention_axes=2, **HEADS)
add("heads-rows", "MultiHeadAttention", (IMAGES,), attention_axes=(-3,), **HEADS)
VOLUMES = (2, 2, 3, 2, 4)
add("heads-volumes", "MultiHeadAttention", (VOLUMES,), SCORES, attention_axes=(1, 3), **HEADS)

for shape in ((STEPS, KEYS), (1, KEYS), (STEPS, 1), (1, STEPS, KEYS), (1, 2, 1, KEYS)):
    for call in ({}, SCORES):
        call = {"attention_mask": mask(*shape), **call}
        add(f"heads-mask-{shape}-{len(call)}", "MultiHeadAttention", call=call, **HEADS)
for shape in ((BATCH, STEPS, KEYS), (BATCH, 1, KEYS), (BATCH, 2, STEPS, KEYS)):
    for call in ({}, SCORES):
        add(f"heads-mask-{shape}-{len(call)}", "MultiHeadAttention", call=call, visible=mask(*shape), **HEADS)
add("heads-mask-causal", "MultiHeadAttention", call=CAUSAL, visible=mask(BATCH, STEPS, KEYS), **HEADS)
add("groups-mask", "GroupQueryAttention", visible=mask(BATCH, STEPS, KEYS), **GROUPS)
add("groups-mask-causal", "GroupQueryAttention", call=CAUSAL, visible=mask(BATCH, 1, KEYS), **GROUPS)

for kind in ("Attention", "AdditiveAttention"):
    add_attention(kind, kind)
    add_attention(f"{kind}-key", kind, (QUERIES, VALUES, (BATCH, KEYS, FEATURES)))
    add_attention(f"{kind}-scale", kind, use_scale=kind == "Attention")
    add_attention(f"{kind}-causal", kind, call=CAUSAL)
    add_attention(f"{kind}-mask", kind, call={"mask": [mask(1, STEPS), mask(1, KEYS)]})
    add_attention(f"{kind}-mask-causal", kind, call={"mask": [None, mask(1, KEYS)], "use_causal_mask": True})
    add_attention(f"{kind}-scores", kind, call={"return_attention_scores": True, "mask": [None, mask(1, KEYS)]})
add_attention("Attention-concat", "Attention", score_mode="concat")
add_attention("Attention-concat-scale", "Attention", score_mode="concat", use_scale=True)

add_dense("two", "ab,bc->ac", 4, (3, 5))
add_dense("last", "abc,cd->abd", (None, 4), (3, 2, 5), bias_axes="d", activation="tanh")
add_dense("heads", "abc,cde->abde", (None, 2, 3), (3, 2, 5), bias_axes="de", **PENALTIES)
add_dense("back", "abcd,cde->abe", (None, 4), (3, 2, 2, 5), bias_axes="e")
add_dense("steps", "abc,bd->adc", (4, None), (3, 2, 5), bias_axes="d")
add_dense("both", "abc,bcd->abd", (2, 4), (3, 2, 5), bias_axes="bd", kernel_initializer="he_normal")
add_dense("left", "...x,xy->...y", 4, (3, 2, 2, 5), bias_axes="y")
add_dense("left-two", "...bx,xy->...by", (None, 4), (3, 2, 2, 5), bias_axes="y")
add_dense("right", "ab...,bc->ac...", 4, (3, 5, 2, 2), bias_axes="c")


@model(TOKENS)
def self_attention_of_tokens(keras):
    """Padding hides itself from queries."""
    x = keras.Input(batch_shape=TOKENS, dtype="int32")
    y = keras.layers.Embedding(5, FEATURES, mask_zero=True)(x)
    y = keras.layers.MultiHeadAttention(2, 3)(y, y)
    return keras.Model(x, keras.layers.GlobalAveragePooling1D()(y))


@model(TOKENS)
def block_of_tokens(keras):
    """Half of a transformer."""
    layers = keras.layers
    x = keras.Input(batch_shape=TOKENS, dtype="int32")
    y = layers.Embedding(5, FEATURES, mask_zero=True)(x)
    z = layers.GroupQueryAttention(3, 4, 2)(y, y, use_causal_mask=True)
    y = layers.LayerNormalization()(layers.Add()([y, z]))
    return keras.Model(x, layers.Dense(2)(layers.Dropout(0.0)(y)))


@model(TOKENS, KEY_TOKENS)
def attention_of_texts(keras):
    """Masks of both inputs of Attention."""
    layers = keras.layers
    x, y = keras.Input(batch_shape=TOKENS, dtype="int32"), keras.Input(batch_shape=KEY_TOKENS, dtype="int32")
    embed = layers.Embedding(5, FEATURES, mask_zero=True)
    z = layers.Attention(use_scale=True)([embed(x), embed(y)])
    z = layers.AdditiveAttention()([z, embed(y), embed(y)], use_causal_mask=True)
    return keras.Model([x, y], layers.GlobalAveragePooling1D()(z))


@model(TOKENS, KEY_TOKENS)
def two_texts(keras):
    """Queries and values with masks of their own."""
    layers = keras.layers
    x, y = keras.Input(batch_shape=TOKENS, dtype="int32"), keras.Input(batch_shape=KEY_TOKENS, dtype="int32")
    embed = layers.Embedding(5, FEATURES, mask_zero=True)
    z = layers.MultiHeadAttention(2, 3)(embed(x), embed(y))
    # Masked queries do not count: what they get, and what flows back, depends on Keras's backend.
    return keras.Model([x, y], layers.GlobalAveragePooling1D()(z))


def draw_inputs(number, shapes):
    """Inputs of a row: tokens where the shape has two axes; an array stands for itself."""
    rng = np.random.default_rng(number)
    drawn = []
    for shape in shapes:
        if isinstance(shape, np.ndarray):
            drawn.append(shape)
        elif shape in (TOKENS, KEY_TOKENS):
            tokens = rng.integers(1, 5, shape).astype("int32")
            tokens[0, 2:] = tokens[1, -1] = 0
            drawn.append(tokens)
        else:
            drawn.append(rng.normal(size=shape).astype("float32"))
    return drawn
