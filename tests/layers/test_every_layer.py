"""Every layer through `run_layer_check`, and what it does with wrong arguments."""

import numpy as np
import pytest
from cases_vision import CASES as VISION_CASES

import gradmill as gm
from gradmill import errors
from gradmill.testing import run_layer_check

layers = gm.layers
THREE = (2, 3, 4)

CASES = [
    (
        "Dense",
        {"units": 3},
        (2, 4),
        {"expected_output_shape": (2, 3), "expected_num_weights": 2, "expected_mask": True},
    ),
    (
        "Dense",
        {"units": 3, "use_bias": False, "activation": "tanh"},
        THREE,
        {"expected_num_weights": 1, "expected_mask": True},
    ),
    (
        "ReversibleEmbedding",
        {"input_dim": 3, "output_dim": 4, "tie_weights": False, "mask_zero": True},
        (2, 5),
        {"input_dtype": "int32", "expected_output_shape": (2, 5, 4), "check_training": False},
    ),
    (
        "TokenAndPositionEmbedding",
        {"vocabulary_size": 3, "sequence_length": 6, "embedding_dim": 4, "mask_zero": True},
        (2, 5),
        {"input_dtype": "int32", "expected_output_shape": (2, 5, 4), "expected_num_weights": 2, "expected_mask": True},
    ),
    ("Flatten", {}, THREE, {"expected_output_shape": (2, 12)}),
    ("Flatten", {}, (5,), {"expected_output_shape": (5, 1)}),
    ("Reshape", {"target_shape": (2, -1)}, THREE, {"expected_output_shape": (2, 2, 6)}),
    ("Permute", {"dims": (2, 1)}, THREE, {"expected_output_shape": (2, 4, 3)}),
    ("RepeatVector", {"n": 3}, (2, 4), {"expected_output_shape": (2, 3, 4)}),
    ("Dropout", {"rate": 0.5, "seed": 1}, (2, 4), {"expected_mask": True}),
    ("Dropout", {"rate": 0.5}, (2, 4), {"expected_mask": True, "call_kwargs": {"training": False}}),
    ("AlphaDropout", {"rate": 0.2}, (2, 4), {"expected_mask": True}),
    ("GaussianNoise", {"stddev": 0.2}, (2, 4), {"expected_mask": True}),
    ("GaussianDropout", {"rate": 0.2}, (2, 4), {"expected_mask": True}),
    ("SpatialDropout1D", {"rate": 0.2}, THREE, {"expected_mask": True}),
    ("SpatialDropout2D", {"rate": 0.2}, (2, 3, 4, 5), {"expected_mask": True}),
    ("SpatialDropout3D", {"rate": 0.2}, (2, 3, 2, 2, 2), {"expected_mask": True}),
    ("Activation", {"activation": "gelu"}, (2, 4), {"expected_mask": True}),
    ("ReLU", {"max_value": 0.9, "negative_slope": 0.1}, (2, 4), {"expected_mask": True}),
    ("LeakyReLU", {}, (2, 4), {"expected_mask": True}),
    (
        "PReLU",
        {"alpha_initializer": "ones", "shared_axes": [1]},
        THREE,
        {"expected_mask": True, "expected_num_weights": 1},
    ),
    ("ELU", {"alpha": 0.7}, (2, 4), {"expected_mask": True}),
    ("Softmax", {}, (2, 4), {"expected_mask": True}),
    ("Softmax", {"axis": [1, 2]}, THREE, {"expected_mask": True}),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 4), {"expected_mask": True}),
    ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0]}, (3, 2), {"expected_mask": True}),
    (
        "Normalization",
        {},
        (3, 2),
        {"expected_mask": True, "expected_num_weights": 3, "expected_num_trainable_weights": 0},
    ),
    ("Normalization", {"mean": [1.0, 2.0], "variance": [4.0, 4.0], "invert": True}, (3, 2), {"expected_mask": True}),
    ("Identity", {}, (2, 4), {"expected_mask": True}),
    ("Masking", {}, THREE, {"expected_mask": True}),
    ("Add", {}, [(2, 3), (2, 3), (2, 3)], {"expected_mask": True, "expected_output_shape": (2, 3)}),
    ("Add", {}, [(2, 5, 3), (2, 3)], {"expected_mask": True, "expected_output_shape": (2, 5, 3)}),
    ("Subtract", {}, [(2, 3), (2, 3)], {"expected_mask": True}),
    ("Multiply", {}, [(2, 3), (2, 1)], {"expected_mask": True, "expected_output_shape": (2, 3)}),
    ("Average", {}, [(2, 3), (2, 3)], {"expected_mask": True}),
    ("Maximum", {}, [(2, 3), (2, 3)], {"expected_mask": True}),
    ("Minimum", {}, [(2, 3), (2, 3)], {"expected_mask": True}),
    ("Concatenate", {"axis": 1}, [(2, 3, 2), (2, 1, 2)], {"expected_mask": True, "expected_output_shape": (2, 4, 2)}),
    ("Dot", {"axes": (2, 1)}, [(2, 3, 4), (2, 4, 5)], {"expected_mask": True, "expected_output_shape": (2, 3, 5)}),
    ("Dot", {"axes": 1, "normalize": True}, [(2, 4), (2, 4)], {"expected_mask": True, "expected_output_shape": (2, 1)}),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal"}, (2, 5, 2), {"expected_output_shape": (2, 5, 3)}),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2, "activation": "tanh"},
        (2, 5, 4, 2),
        {"expected_output_shape": (2, 3, 2, 4), "expected_num_weights": 2},
    ),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 1, "data_format": "channels_first", "kernel_regularizer": "l2"},
        (2, 2, 4, 3),
        {"expected_output_shape": (2, 3, 4, 3)},
    ),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, (1, 3, 4, 3, 2), {"expected_output_shape": (1, 2, 3, 2, 2)}),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, (1, 4, 2), {"expected_num_weights": 2}),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        (1, 3, 4, 2),
        {"expected_output_shape": (1, 6, 8, 2)},
    ),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "use_bias": False}, (1, 2, 3, 2, 2), {}),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (1, 6, 3), {"expected_output_shape": (1, 4, 6)}),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "padding": "same", "depthwise_constraint": "max_norm"},
        (1, 5, 6, 3),
        {"expected_output_shape": (1, 3, 3, 3), "expected_num_trainable_weights": 2},
    ),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, (1, 6, 3), {"expected_num_weights": 3}),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "depth_multiplier": 2},
        (1, 5, 4, 3),
        {"expected_output_shape": (1, 5, 4, 4), "expected_num_weights": 3},
    ),
    (
        "Embedding",
        {"input_dim": 4, "output_dim": 3, "mask_zero": True},
        None,
        {"input_data": np.array([[0, 1], [3, 2]], "int32"), "expected_output_shape": (2, 2, 3), "expected_mask": True},
    ),
    ("SimpleRNN", {"units": 2}, THREE, {"expected_output_shape": (2, 2), "expected_mask": True}),
    ("LSTM", {"units": 2, "return_sequences": True}, THREE, {"expected_output_shape": (2, 3, 2)}),
    ("LSTM", {"units": 2, "return_state": True, "recurrent_dropout": 0.2}, THREE, {"expected_num_weights": 3}),
    ("GRU", {"units": 2, "reset_after": False, "go_backwards": True}, THREE, {"expected_output_shape": (2, 2)}),
    ("ConvLSTM1D", {"filters": 2, "kernel_size": 3}, (2, 3, 5, 2), {"expected_output_shape": (2, 3, 2)}),
    (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": (3, 2), "strides": 2, "padding": "same", "return_sequences": True},
        (2, 3, 4, 5, 2),
        {"expected_output_shape": (2, 3, 2, 3, 2), "expected_num_weights": 3},
    ),
    (
        "ConvLSTM3D",
        {"filters": 2, "kernel_size": 2, "dropout": 0.2, "data_format": "channels_first", "recurrent_dropout": 0.1},
        (2, 2, 2, 3, 3, 3),
        {"expected_output_shape": (2, 2, 2, 2, 2)},
    ),
    *VISION_CASES,
]


@pytest.mark.parametrize(
    "name, arguments, shape, expected", CASES, ids=lambda value: value if isinstance(value, str) else None
)
def test_layer(name, arguments, shape, expected):
    run_layer_check(getattr(layers, name), arguments, shape, **expected)


def test_every_public_layer_has_a_case():
    bases = {"Layer", "Merge", "Wrapper", "InputLayer", "Lambda"}
    # Cells, and layers around others: test_recurrent.py.
    bases |= {"SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells", "RNN", "Bidirectional", "TimeDistributed"}
    # Attention: test_attention.py.
    bases |= {"MultiHeadAttention", "GroupedQueryAttention", "CachedMultiHeadAttention", "Attention"}
    bases |= {"AdditiveAttention", "EinsumDense", "PositionEmbedding", "SinePositionEncoding", "RotaryEmbedding"}
    bases |= {"TransformerEncoder", "TransformerDecoder"}
    # Text and categories: test_text_and_categories.py.
    bases |= {"StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing", "CategoryEncoding"}
    bases |= {"Discretization"}
    # Layers around layers, boxes and spectrograms: test_layer_expressions.py.
    bases |= {"SpectralNormalization", "Pipeline", "MaxNumBoundingBoxes", "STFTSpectrogram", "MelSpectrogram"}
    public = {
        getattr(layers, each).__name__
        for each in layers.__all__
        if isinstance(getattr(layers, each), type) and issubclass(getattr(layers, each), layers.Layer)
    }
    assert public - bases <= {case[0] for case in CASES}


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: layers.Dense(0), errors.ArgumentError, "positive integer; received 0"),
        (lambda: layers.Dense(2.5), errors.ArgumentError, "received 2.5"),
        (lambda: layers.Dense(2, activaton="relu"), errors.ArgumentError, "did you mean 'activation'"),
        (lambda: layers.Dense(2, activation="rleu"), errors.ArgumentError, "'relu'|'elu'"),
        (lambda: layers.Dense(2, kernel_initializer="he_norma"), errors.ArgumentError, "'he_normal'"),
        (lambda: layers.Dense(2, kernel_regularizer="l3"), errors.ArgumentError, "'l[12]'"),
        (lambda: layers.Dense(2, dtype="flot32"), ValueError, "flo"),
        (lambda: layers.Dense(2, name="a/b"), errors.ArgumentError, "'/'"),
        (lambda: layers.Dense(2, trainable="yes"), errors.ArgumentError, "True or False"),
        (lambda: layers.Dense(2)(np.ones(3)), errors.ShapeError, r"at least 2 axes; received shape \(3,\)"),
        (lambda: layers.Dense(2)(gm.Input((None,))), errors.ShapeError, "known size"),
        (lambda: layers.Dropout(1.5), errors.ArgumentError, "between 0 and 1; received 1.5"),
        (lambda: layers.Reshape((-1, -1)), errors.ArgumentError, "at most one -1"),
        (lambda: layers.Reshape((5,))(np.ones((2, 6))), errors.ShapeError, "expected 5 elements"),
        (lambda: layers.Permute((1, 3)), errors.ArgumentError, "1..2 in some order"),
        (lambda: layers.Permute((2, 1))(np.ones((2, 3))), errors.ShapeError, "3 axes"),
        (lambda: layers.RepeatVector(-1), errors.ArgumentError, "received -1"),
        (lambda: layers.Add()(np.ones((2, 3))), errors.ArgumentError, "list of inputs"),
        (lambda: layers.Add()([np.ones((2, 3)), np.ones((2, 4))]), errors.ShapeError, "differ along axis 1"),
        (lambda: layers.Subtract()([np.ones((2, 3))] * 3), errors.ArgumentError, "expected 2 inputs"),
        (lambda: layers.Concatenate()([np.ones((2, 3)), np.ones((3, 3))]), errors.ShapeError, "along axis 0"),
        (lambda: layers.Dot(0)([np.ones((2, 3))] * 2), errors.ArgumentError, "behind the batch axis"),
        (lambda: layers.Dot(1)([np.ones((2, 3)), np.ones((2, 4))]), errors.ShapeError, "equal sizes"),
        (lambda: layers.ReLU(negative_slope=-1), errors.ArgumentError, ">= 0"),
        (lambda: layers.Normalization(mean=1.0), errors.ArgumentError, "both"),
        (lambda: layers.Normalization(axis=0), errors.ArgumentError, "batch axis"),
        (lambda: layers.Normalization().adapt([]), errors.ArgumentError, "received none"),
        (lambda: layers.Lambda(3), errors.ArgumentError, "callable"),
        (lambda: gm.Input(), errors.ShapeError, "one of shape and batch_shape"),
        (lambda: gm.Input((2, -3)), errors.ShapeError, "at least 0"),
        (lambda: layers.Conv2D(0, 3), errors.ArgumentError, "filters to be a positive integer; received 0"),
        (lambda: layers.Conv2D(4, 0), errors.ArgumentError, "kernel_size .*received 0"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), errors.ArgumentError, "2 of them"),
        (lambda: layers.Conv2D(4, 3, strides=0), errors.ArgumentError, "strides"),
        (lambda: layers.Conv2D(4, 3, dilation_rate=-1), errors.ArgumentError, "dilation_rate"),
        (lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2), errors.ArgumentError, "not both"),
        (lambda: layers.Conv2D(4, 3, padding="causal"), errors.ArgumentError, "'valid' or 'same'"),
        (lambda: layers.Conv2D(4, 3, data_format="nhwc"), errors.ArgumentError, "channels_last"),
        (lambda: layers.Conv2D(4, 3, groups=3), errors.ArgumentError, "divide the 4 filters"),
        (lambda: layers.Conv2D(4, 3, groups=2)(np.ones((1, 5, 5, 3))), errors.ShapeError, "2 groups divide"),
        (lambda: layers.Conv2D(4, 3)(np.ones((1, 2, 5, 3))), errors.ShapeError, "larger than the padded input"),
        (lambda: layers.Conv1D(4, 6)(np.ones((1, 5, 3))), errors.ShapeError, "larger than the padded input"),
        (lambda: layers.Conv3D(4, 3)(np.ones((1, 3, 2, 3, 1))), errors.ShapeError, "larger than the padded input"),
        (lambda: layers.DepthwiseConv2D(6)(np.ones((1, 5, 5, 3))), errors.ShapeError, "larger than the padded input"),
        (lambda: layers.SeparableConv2D(4, 6)(np.ones((1, 5, 5, 3))), errors.ShapeError, "larger than the padded"),
        (lambda: layers.Conv2D(4, 3, dilation_rate=3)(np.ones((1, 6, 6, 3))), errors.ShapeError, "dilation 3"),
        (lambda: layers.Conv2D(4, 6)(gm.Input((5, 5, 3))), errors.ShapeError, "larger than the padded input"),
        (lambda: layers.Conv2D(-4, 3), errors.ArgumentError, "filters to be a positive integer; received -4"),
        (lambda: layers.Conv2DTranspose(0, 3), errors.ArgumentError, "filters to be a positive integer; received 0"),
        (lambda: layers.Conv2D(2**62, 3)(np.ones((1, 5, 5, 3))), errors.ShapeError, "elements; check the sizes"),
        (
            lambda: layers.Conv2D(2**40, 3)(np.ones((1, 5, 5, 3))),
            errors.ArgumentError,
            "does not fit into this machine",
        ),
        (lambda: layers.Conv2D(4, 3, strides=2**62)(np.ones((1, 5, 5, 3))), errors.ArgumentError, "below 2.31"),
        (
            lambda: layers.Conv2D(4, 3, padding="same", dilation_rate=2**62)(np.ones((1, 5, 5, 3))),
            errors.ArgumentError,
            "dilation must be 1 or more and below",
        ),
        (lambda: layers.Conv2D(4, 3, groups=0), errors.ArgumentError, "groups to be a positive integer; received 0"),
        (lambda: layers.Conv2D(4, 3, groups=-2), errors.ArgumentError, "groups to be a positive integer; received -2"),
        (lambda: layers.Conv2D(4, 3)(np.ones((1, 5, 3))), errors.ShapeError, "4 axes"),
        (lambda: layers.Conv2D(4, 3)(gm.Input((5, 5, None))), errors.ShapeError, "known number of channels"),
        (lambda: layers.Conv2DTranspose(4, 3, output_padding=1), errors.ArgumentError, "below the strides"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), errors.ArgumentError, "depth_multiplier"),
        (lambda: layers.Dense(2)("text"), errors.ArgumentError, "expected tensors"),
        (lambda: layers.Dense(2)(), errors.ArgumentError, "inputs"),
    ],
)
def test_wrong_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_second_input_of_another_size_is_refused_with_the_layer_named():
    layer = layers.Dense(2, name="classes")
    layer(np.ones((1, 4)))
    with pytest.raises(
        errors.ShapeError, match=r"classes \(Dense\): expected input with size 4 along axis -1; received shape \(1, 5\)"
    ):
        layer(np.ones((1, 5)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Conv2D(4, 3, name="shared"),
        lambda: layers.Conv2DTranspose(4, 3, name="shared"),
        lambda: layers.DepthwiseConv2D(3, name="shared"),
        lambda: layers.SeparableConv2D(4, 3, name="shared"),
        lambda: layers.BatchNormalization(name="shared"),
    ],
)
def test_images_with_other_channels_are_refused_with_the_layer_named(make):
    layer = make()
    layer(np.ones((1, 5, 5, 4)))
    with pytest.raises(errors.ShapeError, match=r"shared .*size 4 along axis (-1|3); received shape \(1, 5, 5, 3\)"):
        layer(np.ones((1, 5, 5, 3)))


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_and_single_batches(rows):
    x = np.ones((rows, 2, 3), "float32")
    assert layers.Flatten()(x).shape == (rows, 6)
    assert layers.Reshape((3, -1))(x).shape == (rows, 3, 2)
    assert layers.Dense(4)(x).shape == (rows, 2, 4)
    assert layers.Dropout(0.5)(x, training=True).shape == (rows, 2, 3)
    assert layers.Conv1D(4, 2)(x).shape == (rows, 1, 4)
    assert layers.Conv1DTranspose(4, 2)(x).shape == (rows, 3, 4)
    assert layers.DepthwiseConv1D(2)(x).shape == (rows, 1, 3)


def test_normalization_by_one_mean_takes_any_rank():
    layer = gm.layers.Normalization(input_shape=[1], axis=None)
    data = np.array([1.0, 3.0, 5.0, 7.0], "float32")
    layer.adapt(data)
    assert (float(layer.mean), float(layer.variance)) == (4.0, 5.0)
    for shape in ((4,), (4, 1), (2, 2, 1)):
        np.testing.assert_allclose(layer(data.reshape(shape)).numpy(), ((data - 4) / 5**0.5).reshape(shape), rtol=1e-6)
    with pytest.raises(gm.errors.ArgumentError, match="call adapt"):
        _ = gm.layers.Normalization().mean


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: layers.Dense(2, activation="softmax"), (3, 4)),
        (lambda: layers.Conv1D(2, 3, activation="tanh"), (3, 5, 2)),
        (lambda: layers.EinsumDense("ab,bc->ac", 2, activation="tanh"), (3, 4)),
    ],
)
def test_an_activation_may_be_taken_away(layer, shape):
    """As programs do that look at what comes before the softmax of a finished network."""
    layer, x = layer(), np.linspace(-1, 1, int(np.prod(shape)), dtype="float32").reshape(shape)
    after, activation = layer(x), layer.activation
    layer.activation = None
    np.testing.assert_allclose(activation(layer(x)), after, rtol=1e-6)
