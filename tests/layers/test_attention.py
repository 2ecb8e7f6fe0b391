"""Attention against formulas written in NumPy, the whole of `run_layer_check`, and wrong arguments."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, masks
from gradmill.testing import run_layer_check

layers = gm.layers
RNG = np.random.default_rng(3)
B, T, S, N, H = 2, 4, 3, 4, 5


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False):
    """The definition, head by head."""
    query, key, value = (np.asarray(each, "float64") for each in (query, key, value))
    group = query.shape[2] // key.shape[2]
    key, value = np.repeat(key, group, axis=2), np.repeat(value, group, axis=2)
    scores = np.einsum("btnh,bsnh->bnts", query, key) * (query.shape[-1] ** -0.5 if scale is None else scale)
    visible = np.ones(scores.shape, bool)
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        visible &= np.asarray(mask, bool)
    if is_causal:
        visible &= np.tri(*scores.shape[2:], dtype=bool)
    scores = np.where(visible, scores, -1e30)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return np.einsum("bnts,bsnh->btnh", shares, value), np.where(visible, shares, 0.0)


SEEN = RNG.random((B, 1, T, S)) < 0.5
SEEN[..., 0] = True
OPTIONS = {
    "plain": {},
    "scale": {"scale": 0.3},
    "bias": {"bias": normal(1, N, T, S)},
    "causal": {"is_causal": True},
    "mask": {"mask": SEEN},
    "mask-keys": {"mask": np.asarray([True, False, True])},
    "mask-heads": {"mask": RNG.integers(0, 2, (N, T, 1))},
    "nothing-seen": {"mask": np.zeros((1, 1, 1, S), bool)},
    "all": {"bias": normal(T, S), "mask": RNG.random((1, N, T, S)) < 0.6, "is_causal": True, "scale": 0.7},
}


@pytest.mark.parametrize("heads", [N, 2, 1])
@pytest.mark.parametrize("name", OPTIONS)
def test_dot_product_attention(name, heads):
    query, key, value = normal(B, T, N, H), normal(B, S, heads, H), normal(B, S, heads, 3)
    wanted, _ = attention(query, key, value, **OPTIONS[name])
    found = gm.ops.dot_product_attention(query, key, value, **OPTIONS[name])
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5, atol=1e-6)
    compiled = gm.function(lambda q, k, v: gm.ops.dot_product_attention(q, k, v, **OPTIONS[name]))
    np.testing.assert_allclose(compiled(query, key, value).numpy(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("heads", [N, 2])
def test_gradients_of_dot_product_attention(heads):
    mask = np.tri(T, S, dtype=bool)
    gm.testing.check_gradients(
        lambda q, k, v, bias: gm.ops.dot_product_attention(q, k, v, bias, mask),
        [normal(1, T, N, 2), normal(1, S, heads, 2), normal(1, S, heads, 3), normal(1, 1, T, S)],
    )


def test_attention_of_half_types():
    query, key, value = normal(B, T, N, H), normal(B, S, N, H), normal(B, S, N, H)
    wanted, _ = attention(query, key, value)
    for dtype, tolerance in (("bfloat16", 0.05), ("float16", 0.005)):
        found = gm.ops.dot_product_attention(*(gm.ops.cast(each, dtype) for each in (query, key, value)))
        assert found.dtype == dtype
        np.testing.assert_allclose(np.asarray(gm.ops.cast(found, "float32")), wanted, atol=tolerance)


def test_attention_in_a_functional_model():
    query, key = gm.Input((T, N, H)), gm.Input((S, N, H))
    model = gm.Model([query, key], gm.ops.dot_product_attention(query, key, key, is_causal=True))
    again = gm.Model.from_config(model.get_config())
    q, k = normal(B, T, N, H), normal(B, S, N, H)
    np.testing.assert_allclose(again([q, k]).numpy(), attention(q, k, k, is_causal=True)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"query": normal(B, T, H)}, errors.ShapeError, "query of shape .batch, steps, heads, size."),
        ({"key": normal(B, S, N, H + 1)}, errors.ShapeError, "expected key of shape"),
        ({"value": normal(B, S + 1, N, H)}, errors.ShapeError, "expected value of shape"),
        ({"key": normal(B, S, 3, H), "value": normal(B, S, 3, H)}, errors.ShapeError, "multiple of that of key"),
        ({"mask": np.ones((B, T, S), bool)}, errors.ShapeError, "expected mask to broadcast"),
        ({"mask": np.zeros((T, S), "float32")}, errors.DTypeError, "expected mask of bools or integers"),
        ({"bias": normal(T, S + 1)}, errors.ShapeError, "expected bias to broadcast"),
        ({"attn_logits_soft_cap": 3.0}, errors.UnsupportedError, "attn_logits_soft_cap"),
    ],
)
def test_wrong_arguments_of_dot_product_attention(arguments, error, words):
    given = {"query": normal(B, T, N, H), "key": normal(B, S, N, H), "value": normal(B, S, N, H), **arguments}
    with pytest.raises(error, match=words):
        gm.ops.dot_product_attention(**given)


def project(weights, x, equation):
    kernel, bias = weights
    return np.einsum(equation, np.asarray(x, "float64"), kernel) + bias


@pytest.mark.parametrize("name", ["plain", "causal", "mask", "nothing-seen"])
@pytest.mark.parametrize("kind", ["heads", "groups"])
def test_headed_attention_is_its_formula(kind, name):
    options = dict(OPTIONS[name])
    x, y = normal(B, T, 6), normal(B, S, 7)
    layer = layers.MultiHeadAttention(N, H) if kind == "heads" else layers.GroupQueryAttention(H, N, 2)
    given = {"use_causal_mask": options.get("is_causal", False), "attention_mask": options.get("mask")}
    layer(x, y)
    layer.set_weights([normal(*each.shape) for each in layer.weights])
    weights = layer.get_weights()
    query, key, value = (
        project(weights[2 * i : 2 * i + 2], each, "bsm,mnh->bsnh") for i, each in enumerate((x, y, y))
    )
    picked, shares = attention(query, key, value, **options)
    if kind == "heads":
        np.testing.assert_allclose(layer.query_dense(x).numpy(), query, rtol=1e-4, atol=1e-4)
    wanted = project(weights[6:], picked, "btnh,nhm->btm")
    np.testing.assert_allclose(layer(x, y, **given).numpy(), wanted, rtol=1e-4, atol=1e-4)
    found, scores = layer(x, y, return_attention_scores=True, **given)
    np.testing.assert_allclose(scores.numpy(), shares, rtol=1e-4, atol=1e-5)
    if name != "nothing-seen":  # then the outputs are those of shares of 0, as in Keras
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-4, atol=1e-4)


def test_masks_flow_through_layers():
    tokens = np.asarray([[1, 2, 0, 0], [3, 0, 0, 0]], "int32")
    embedded = layers.Embedding(4, 6, mask_zero=True)(tokens)
    layer = layers.MultiHeadAttention(2, 3)
    outputs, scores = layer(embedded, embedded, return_attention_scores=True)
    assert np.all(scores.numpy()[0, :, :2, 2:] == 0) and np.all(scores.numpy()[1, :, 0, 1:] == 0)
    np.testing.assert_array_equal(masks.get_mask(outputs).numpy(), tokens != 0)
    by_hand = layer(embedded.numpy(), embedded.numpy(), query_mask=tokens != 0, value_mask=tokens != 0)
    np.testing.assert_allclose(layer(embedded, embedded).numpy(), by_hand.numpy(), rtol=1e-5)
    # Those who asked for no attention keep their mask.
    assert masks.get_mask(embedded) is not None


def test_masks_outlive_a_cast():
    layer = layers.GlobalAveragePooling1D(dtype="float64")
    x = layers.Embedding(4, 2, mask_zero=True)(np.asarray([[1, 0, 0]], "int32"))
    np.testing.assert_allclose(layer(x).numpy(), x.numpy()[:, 0], rtol=1e-6)


def test_dropout_of_attention_acts_in_training_only():
    x = normal(2, 20, 6)
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1)
    plain = layer(x, x).numpy()
    np.testing.assert_array_equal(layer(x, x).numpy(), plain)
    thinned, scores = layer(x, x, training=True, return_attention_scores=True)
    assert not np.allclose(thinned.numpy(), plain)
    np.testing.assert_allclose(scores.numpy().sum(-1), 1.0, rtol=1e-5)  # scores are those before dropout


def test_a_sliding_window_hides_what_is_far():
    x = normal(1, 6, 4)
    _, scores = layers.MultiHeadAttention(1, 2, sliding_window=2)(x, x, return_attention_scores=True)
    near = np.abs(np.arange(6)[:, None] - np.arange(6)) < 2
    np.testing.assert_array_equal(scores.numpy()[0, 0] > 0, near)


HEADS = {"num_heads": 2, "key_dim": 3}
CHECKS = [
    ("MultiHeadAttention", HEADS, {"use_causal_mask": True}, 8),
    ("MultiHeadAttention", {**HEADS, "use_gate": True, "value_dim": 4, "output_shape": (2, 3)}, {}, 10),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, {}, 8),
]


@pytest.mark.parametrize("name, arguments, call, count", CHECKS)
def test_whole_layer(name, arguments, call, count):
    kind = getattr(layers, name)

    class Itself(gm.layers.Layer):
        """Attention of one input to itself, which is what the check can call."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.attention = kind(**arguments, dtype=self.dtype_policy)

        def build(self, input_shape):
            self.attention.build(input_shape, input_shape)

        def call(self, inputs):
            return self.attention(inputs, inputs, **call)

        def get_config(self):
            return super().get_config()

    run_layer_check(Itself, {}, (2, 3, 4), expected_num_weights=count)
    described = kind(**arguments).get_config()
    again = kind.from_config(described)
    assert again.get_config() == described


@pytest.mark.parametrize(
    "name, arguments, shape, call",
    [
        ("Attention", {"use_scale": True}, [(2, 3, 4), (2, 5, 4)], {"use_causal_mask": True}),
        ("Attention", {"score_mode": "concat", "use_scale": True}, [(2, 3, 4), (2, 5, 2), (2, 5, 4)], {}),
        ("AdditiveAttention", {}, [(2, 3, 4), (2, 5, 4)], {}),
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 2), "bias_axes": "d"}, (2, 3, 4), {}),
        ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 3, "activation": "tanh"}, (2, 3, 4), {}),
        ("PositionEmbedding", {"sequence_length": 4}, (2, 3, 4), {"start_index": 1}),
        ("SinePositionEncoding", {"max_wavelength": 50}, (2, 3, 4), {}),
        ("RotaryEmbedding", {"rope_type": "yarn", "scaling_factor": 2.0}, (2, 3, 2, 4), {}),
        ("TransformerEncoder", {"intermediate_dim": 5, "num_heads": 2, "normalize_first": True}, (2, 3, 4), {}),
        ("TransformerDecoder", {"intermediate_dim": 5, "num_heads": 2, "activation": "gelu"}, (2, 3, 4), {}),
    ],
)
def test_whole_layer_of_one_argument(name, arguments, shape, call):
    run_layer_check(getattr(layers, name), arguments, shape, call_kwargs=call, rtol=1e-4, atol=1e-5)


def test_fans_of_a_projection_are_those_of_its_axes():
    gm.utils.set_random_seed(1)
    layer = layers.EinsumDense("abc,cde->abde", (None, 10, 20))
    layer.build((None, 5, 100))
    limit = (6 / (100 + 200)) ** 0.5  # 100 inputs, 10 * 20 outputs
    largest = np.abs(layer.kernel.numpy()).max()
    assert 0.95 * limit < largest <= limit
    given = gm.initializers.VarianceScaling(input_axes=[0], output_axes=[1, 2]).get_config()
    assert given["input_axes"] == [0] and "input_axes" not in gm.initializers.GlorotUniform().get_config()


X, Y = normal(2, 3, 4), normal(2, 5, 4)
WRONG = {
    "num_heads": (lambda: layers.MultiHeadAttention(0, 3), errors.ArgumentError, "num_heads"),
    "dropout": (lambda: layers.MultiHeadAttention(2, 3, dropout=1.5), errors.ArgumentError, "dropout"),
    "output_shape": (lambda: layers.MultiHeadAttention(2, 3, output_shape=(2, 0)), errors.ArgumentError, "at least 1"),
    "window": (lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), errors.ArgumentError, "sliding_window"),
    "axes": (lambda: layers.MultiHeadAttention(2, 3, attention_axes=3)(X, X), errors.ArgumentError, "attention_axes"),
    "rank": (lambda: layers.MultiHeadAttention(2, 3)(X[0], X[0]), errors.ShapeError, "expected query of shape"),
    "ranks": (lambda: layers.MultiHeadAttention(2, 3)(X, Y[0]), errors.ShapeError, "expected value to have 3 axes"),
    "batches": (lambda: layers.MultiHeadAttention(2, 3)(X, Y[:1]), errors.ShapeError, "one batch size"),
    "key": (lambda: layers.MultiHeadAttention(2, 3)(X, Y, X), errors.ShapeError, "key and value of one shape"),
    "mask": (
        lambda: layers.MultiHeadAttention(2, 3, name="mine")(X, Y, attention_mask=np.ones((2, 3, 4), bool)),
        errors.ShapeError, r"mine.*attention_mask to broadcast.*\(2, 2, 3, 5\)",
    ),
    "mask dtype": (
        lambda: layers.MultiHeadAttention(2, 3, name="mine")(X, Y, attention_mask=np.ones((3, 5), "float32")),
        errors.DTypeError, "mine.*attention_mask of bools or integers",
    ),
    "query_mask": (
        lambda: layers.MultiHeadAttention(2, 3)(X, Y, query_mask=np.ones((2, 5), bool)), errors.ShapeError, "query_mask"
    ),
    "groups": (lambda: layers.GroupQueryAttention(3, 4, 3), errors.ArgumentError, "multiple of num_key_value_heads"),
    "equation": (lambda: layers.EinsumDense("ab->ac", 3), errors.ArgumentError, "expected equation of the form"),
    "letter": (lambda: layers.EinsumDense("ab,bc->ad", 3), errors.ArgumentError, "'d'"),
    "bias_axes": (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="b"), errors.ArgumentError, "bias_axes"),
    "sizes": (lambda: layers.EinsumDense("abc,cd->abd", 3)(X), errors.ShapeError, "output_shape of 2 sizes"),
    "shared": (lambda: layers.EinsumDense("abc,cd->abd", (4, 3))(X), errors.ShapeError, "axis 'b'"),
    "score_mode": (lambda: layers.Attention(score_mode="sum"), errors.ArgumentError, "score_mode"),
    "one input": (lambda: layers.Attention()(X), errors.ArgumentError, "a list of inputs"),
    "attention sizes": (lambda: layers.Attention()([X, Y[..., :2]]), errors.ShapeError, "key with the size of query"),
    "attention mask": (
        lambda: layers.Attention()([X, Y], mask=[None, np.ones((2, 3), bool)]), errors.ShapeError, "mask of value"
    ),
    "too long": (lambda: layers.PositionEmbedding(2)(X), errors.ShapeError, "below sequence_length=2"),
    "start": (lambda: layers.PositionEmbedding(4)(X, start_index=2), errors.ShapeError, "3 steps from 2"),
    "place": (
        lambda: layers.PositionEmbedding(4)(X, positions=np.asarray([0, 1, 4])), errors.ArgumentError, "received 4"
    ),
    "places": (lambda: layers.SinePositionEncoding()(X, positions=np.arange(5)), errors.ShapeError, "positions of"),
    "odd": (lambda: layers.RotaryEmbedding()(X[..., :3]), errors.ShapeError, "even number of features"),
    "rope_type": (lambda: layers.RotaryEmbedding(rope_type="log"), errors.ArgumentError, "rope_type"),
    "block heads": (lambda: layers.TransformerEncoder(4, 5)(X), errors.ArgumentError, "num_heads=5"),
    "padding": (
        lambda: layers.TransformerEncoder(4, 2)(X, padding_mask=np.ones((2, 4), bool)), errors.ShapeError, "padding_m"
    ),
    "cache": (
        lambda: layers.TransformerDecoder(4, 2)(X, self_attention_cache=normal(2, 2, 4, 2, 3)),
        errors.ShapeError, "expected cache of shape",
    ),
    "cache end": (
        lambda: layers.TransformerDecoder(4, 2)(
            X, self_attention_cache=normal(2, 2, 4, 2, 2), self_attention_cache_update_index=2
        ),
        errors.ShapeError, "cache_update_index=2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(name):
    make, error, words = WRONG[name]
    with pytest.raises(error, match=words):
        make()


def test_positions_beyond_the_rows_are_nan_in_compiled_steps():
    layer = layers.PositionEmbedding(4)
    layer(X)
    found = gm.function(lambda places: layer(X, positions=places))(np.asarray([-1, 3, 4], "int32")).numpy()
    np.testing.assert_array_equal(np.isnan(found).all(axis=(0, 2)), [True, False, True])
    np.testing.assert_array_equal(found[0, 1], layer.position_embeddings.numpy()[3])


def test_a_decoder_is_called_always_alike():
    decoder = layers.TransformerDecoder(4, 2)
    decoder(X)
    with pytest.raises(errors.ArgumentError, match="no encoder_sequence"):
        decoder(X, Y)


def test_a_cache_gives_what_the_whole_sequence_gives():
    x = normal(2, 6, 8)
    decoder = layers.TransformerDecoder(16, 2, normalize_first=True)
    whole = decoder(x).numpy()
    step = gm.function(
        lambda piece, place, cache: decoder(
            piece, self_attention_cache=cache, self_attention_cache_update_index=place
        )
    )
    cache, found = np.zeros((2, 2, 6, 2, 4), "float32"), []
    for place, count in ((0, 3), (3, 1), (4, 2)):
        outputs, cache = step(x[:, place : place + count], gm.ops.convert_to_tensor(place, "int32"), cache)
        found.append(outputs.numpy())
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_blocks_train_in_mixed_precision(policy):
    gm.mixed_precision.set_global_policy(policy)
    try:
        x = gm.Input((5,), dtype="int32")
        y = layers.TokenAndPositionEmbedding(7, 6, 8, mask_zero=True)(x)
        y = layers.TransformerEncoder(16, 2, dropout=0.1)(y)
        y = layers.GlobalAveragePooling1D()(y)
        model = gm.Model(x, layers.Dense(2, dtype="float32")(y))
        model.compile("adam", "mse")
        tokens = RNG.integers(1, 7, (16, 5)).astype("int32")
        history = model.fit(tokens, np.ones((16, 2)), epochs=20, verbose=0).history["loss"]
        assert history[-1] < history[0]
    finally:
        gm.mixed_precision.set_global_policy("float32")


def test_a_model_of_blocks_is_stored_and_read(tmp_path):
    x = gm.Input((5,), dtype="int32")
    y = layers.TokenAndPositionEmbedding(7, 6, 8, mask_zero=True)(x)
    y = layers.TransformerDecoder(16, 2)(y, layers.TransformerEncoder(16, 2)(y))
    model = gm.Model(x, layers.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True))
    model.save(tmp_path / "blocks.keras")
    tokens = RNG.integers(0, 7, (3, 5)).astype("int32")
    again = gm.models.load_model(tmp_path / "blocks.keras")
    np.testing.assert_allclose(again(tokens).numpy(), model(tokens).numpy(), rtol=1e-6)
