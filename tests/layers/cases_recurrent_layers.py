"""Small models with recurrent layers, written against names that GradMill and Keras both have.

Each row of MODELS is a function that makes a model from the package, and the shapes of its inputs; one of two sizes
is a batch of integers. Inputs have steps of -1 in all places, which `Masking(-1)` marks.
"""

import numpy as np

BATCH, STEPS, FEATURES = 4, 5, 3
SEQUENCES = (BATCH, STEPS, FEATURES)
TOKENS = (BATCH, STEPS)

MODELS = {}


def model(*shapes):
    """Register a function under its name."""

    def register(function):
        MODELS[function.__name__] = (function, shapes or (SEQUENCES,))
        return function

    return register


def add(name, make_layer, masked=False, shape=SEQUENCES):
    """Register a model that is one layer, behind a Masking layer if wanted."""

    def build(keras):
        x = keras.Input(batch_shape=shape)
        y = keras.layers.Masking(-1.0)(x) if masked else x
        return keras.Model(x, make_layer(keras.layers)(y))

    MODELS[name] = (build, (shape,))


def recurrent(kind, **arguments):
    """A function that makes the layer of that name with 4 units."""
    return lambda layers: getattr(layers, kind)(4, **arguments)


for kind in ("SimpleRNN", "LSTM", "GRU"):
    add(f"{kind}-last", recurrent(kind))
    add(f"{kind}-all", recurrent(kind, return_sequences=True))
    add(f"{kind}-backwards", recurrent(kind, return_sequences=True, go_backwards=True))
    add(f"{kind}-masked", recurrent(kind), masked=True)
    add(f"{kind}-masked-all", recurrent(kind, return_sequences=True, return_state=True), masked=True)
    add(f"{kind}-masked-backwards", recurrent(kind, return_sequences=True, go_backwards=True), masked=True)
    add(f"{kind}-zero-output", recurrent(kind, return_sequences=True, zero_output_for_mask=True), masked=True)
    add(f"{kind}-zero-last", recurrent(kind, return_state=True, zero_output_for_mask=True), masked=True)
    add(f"{kind}-unrolled", recurrent(kind, unroll=True))
    add(f"{kind}-activation", recurrent(kind, activation="relu", use_bias=False), masked=True)
    add(f"{kind}-penalties", recurrent(kind, kernel_regularizer="l2", recurrent_regularizer="l1",
        bias_regularizer="l2", kernel_constraint="non_neg", recurrent_constraint="max_norm",
        bias_constraint="non_neg", bias_initializer="ones",
        # Keras 3.15 takes no notice of it in SimpleRNN.
        activity_regularizer=None if kind == "SimpleRNN" else "l2"))  # fmt: skip
    add(f"{kind}-in-time", lambda layers, kind=kind: layers.TimeDistributed(getattr(layers, kind)(2)),
        shape=(2, 3, 4, 2))  # fmt: skip

for kind in ("LSTM", "GRU"):
    add(f"{kind}-gates", recurrent(kind, recurrent_activation="hard_sigmoid", return_sequences=True), masked=True)
    add(f"{kind}-implementation", recurrent(kind, implementation=1))
add("LSTM-forget", recurrent("LSTM", unit_forget_bias=False))
for masked in (False, True):
    add(f"GRU-before-{masked}", recurrent("GRU", reset_after=False, return_sequences=True), masked)
add("GRU-before-gates", recurrent("GRU", reset_after=False, recurrent_activation="hard_sigmoid"), masked=True)

for mode in ("concat", "sum", "ave", "mul", None):
    for sequences in (False, True):
        add(f"Bidirectional-{mode}-{sequences}", lambda layers, mode=mode, sequences=sequences: layers.Bidirectional(
            layers.LSTM(3, return_sequences=sequences), merge_mode=mode), masked=sequences)  # fmt: skip
add("Bidirectional-states", lambda layers: layers.Bidirectional(layers.GRU(3, return_state=True), name="both"))
add("Bidirectional-two", lambda layers: layers.Bidirectional(layers.LSTM(3, return_sequences=True),
    backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True)), masked=True)  # fmt: skip

add("RNN-cell", lambda layers: layers.RNN(layers.SimpleRNNCell(4, activation="sigmoid"), return_sequences=True))
add("RNN-stacked", lambda layers: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2), layers.SimpleRNNCell(4)]))
add("RNN-stacked-all", lambda layers: layers.RNN(layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(2)]),
    return_sequences=True, go_backwards=True), masked=True)  # fmt: skip
add("TimeDistributed-dense", lambda layers: layers.TimeDistributed(layers.Dense(2, activation="tanh")), masked=True)
add("TimeDistributed-images", lambda layers: layers.TimeDistributed(layers.Conv2D(2, 2)), shape=(2, 3, 4, 4, 1))
add("ConvLSTM1D", lambda layers: layers.ConvLSTM1D(2, 3, dilation_rate=2, use_bias=False, return_sequences=True),
    shape=(2, 3, 6, 2))  # fmt: skip
add("ConvLSTM2D", lambda layers: layers.ConvLSTM2D(2, (3, 2), strides=2, padding="same", return_state=True),
    shape=(2, 3, 5, 4, 2))  # fmt: skip
add("ConvLSTM3D", lambda layers: layers.ConvLSTM3D(2, 2, recurrent_activation="hard_sigmoid", go_backwards=True),
    shape=(2, 2, 3, 3, 3, 1))  # fmt: skip


@model(TOKENS)
def tokens(keras):
    """Words with padding to a class."""
    layers = keras.layers
    x = keras.Input(batch_shape=TOKENS, dtype="int32")
    y = layers.Embedding(7, 4, mask_zero=True, embeddings_regularizer="l2")(x)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.GRU(3)(layers.Dropout(0.0)(y))
    return keras.Model(x, layers.Dense(2, activation="softmax")(y))


@model(TOKENS)
def tagger(keras):
    """A prediction for each word."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(batch_shape=TOKENS, dtype="int32"),
            layers.Embedding(7, 4),
            layers.SimpleRNN(3, return_sequences=True),
            layers.TimeDistributed(layers.Dense(2)),
        ]
    )


@model(SEQUENCES, (BATCH, 2, FEATURES))
def encoder_decoder(keras):
    """States of one layer begin another."""
    layers = keras.layers
    source, target = keras.Input(batch_shape=SEQUENCES), keras.Input(batch_shape=(BATCH, 2, FEATURES))
    _, h, c = layers.LSTM(4, return_state=True, name="encoder")(layers.Masking(-1.0)(source))
    y = layers.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(2)(y))


@model(SEQUENCES)
def bidirectional_states(keras):
    """States of both directions begin both directions of another layer."""
    layers = keras.layers
    x = keras.Input(batch_shape=SEQUENCES)
    y, *states = layers.Bidirectional(layers.GRU(3, return_state=True, return_sequences=True))(x)
    return keras.Model(x, layers.Bidirectional(layers.GRU(3))(y, initial_state=states))


def draw_inputs(number, shapes):
    """Inputs of a row: integers where the shape has two axes, else numbers with steps of -1."""
    rng = np.random.default_rng(number)
    drawn = []
    for shape in shapes:
        if len(shape) == 2:
            drawn.append(rng.integers(0, 4, shape).astype("int32"))
            continue
        x = rng.normal(size=shape).astype("float32")
        skipped = rng.random(shape[:2]) < 0.4
        skipped[0] = False
        skipped[-1] = True  # nothing counts in the last sequence
        skipped[1, -1] = skipped[1, 0] = True
        x[skipped] = -1.0
        drawn.append(x)
    return drawn
