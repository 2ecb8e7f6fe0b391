"""DistilBert and Bert: sizes, outputs beside a NumPy formula, files of weights, bad input."""

import math
import re

import numpy as np
import pytest
from safetensors_files import write_safetensors

import gradmill as gm

applications = gm.applications
SMALL = {
    "vocabulary_size": 40,
    "max_positions": 9,
    "num_layers": 2,
    "hidden_size": 12,
    "num_heads": 3,
    "intermediate_size": 20,
}
MAKERS = {"distilbert": applications.DistilBert, "bert": applications.Bert}
INPUTS = {"distilbert": ("input_ids", "attention_mask"), "bert": ("input_ids", "attention_mask", "token_type_ids")}


def small(family, head=None, **options):
    return MAKERS[family](head=head, **{**SMALL, "classes": 4, **options})


def batch(family, seed=0, rows=3, length=7):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, SMALL["vocabulary_size"], (rows, length)).astype("int32")
    mask = (np.arange(length) < rng.integers(2, length + 1, (rows, 1))).astype("int32")
    kinds = rng.integers(0, 2, (rows, length)).astype("int32")
    return {name: dict(zip(INPUTS["bert"], (ids, mask, kinds)))[name] for name in INPUTS[family]}


def random_tensors(family, head=None, seed=1):
    """A state dict in the published form, written from the description of the library's modules."""
    width, inside = SMALL["hidden_size"], SMALL["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (SMALL["vocabulary_size"], width),
        "embeddings.position_embeddings.weight": (SMALL["max_positions"], width),
        "embeddings.LayerNorm": None,
    }
    dense = {}
    for number in range(SMALL["num_layers"]):
        if family == "distilbert":
            start = f"transformer.layer.{number}."
            dense.update({f"{start}attention.{part}_lin": (width, width) for part in ("q", "k", "v", "out")})
            dense.update({f"{start}ffn.lin1": (inside, width), f"{start}ffn.lin2": (width, inside)})
            norms = ("sa_layer_norm", "output_layer_norm")
        else:
            start = f"encoder.layer.{number}."
            dense.update({f"{start}attention.self.{part}": (width, width) for part in ("query", "key", "value")})
            dense[f"{start}attention.output.dense"] = (width, width)
            dense.update({f"{start}intermediate.dense": (inside, width), f"{start}output.dense": (width, inside)})
            norms = ("attention.output.LayerNorm", "output.LayerNorm")
        shapes.update({f"{start}{norm}": None for norm in norms})
    if family == "bert":
        shapes["embeddings.token_type_embeddings.weight"] = (2, width)
        if head != "masked_lm":
            dense["pooler.dense"] = (width, width)
    heads = {
        ("distilbert", "classification"): {"pre_classifier": (width, width), "classifier": (4, width)},
        ("distilbert", "masked_lm"): {"vocab_transform": (width, width)},
        ("bert", "classification"): {"classifier": (4, width)},
        ("bert", "masked_lm"): {"cls.predictions.transform.dense": (width, width)},
    }
    dense.update(heads.get((family, head), {}))
    if head == "masked_lm":
        shapes["vocab_layer_norm" if family == "distilbert" else "cls.predictions.transform.LayerNorm"] = None
        last = "vocab_projector.bias" if family == "distilbert" else "cls.predictions.bias"
        shapes[last] = (SMALL["vocabulary_size"],)
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in shapes.items():
        if shape is None:
            tensors[f"{name}.weight"] = 1 + 0.1 * rng.normal(size=width)
            tensors[f"{name}.bias"] = 0.1 * rng.normal(size=width)
        else:
            tensors[name] = rng.normal(size=shape)
    for name, shape in dense.items():
        tensors[f"{name}.weight"] = rng.normal(size=shape) / math.sqrt(shape[1])
        tensors[f"{name}.bias"] = 0.1 * rng.normal(size=shape[0])
    return {name: value.astype("float32") for name, value in tensors.items()}


def saved(tensors, path, prefix="", renamed=lambda name: name):
    heads = ("classifier", "pre_classifier", "vocab_", "cls.")
    write_safetensors(
        path, {renamed(name if name.startswith(heads) else prefix + name): value for name, value in tensors.items()}
    )
    return path


def normalized(x, tensors, name):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
    return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def linear(x, tensors, name):
    return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def expected_output(family, head, tensors, data):
    """The published formula in NumPy, in 64 bits; of BERT without a head the sequence."""
    tensors = {name: value.astype("float64") for name, value in tensors.items()}
    ids, mask = data["input_ids"], data["attention_mask"]
    table = tensors["embeddings.word_embeddings.weight"]
    x = table[ids] + tensors["embeddings.position_embeddings.weight"][: ids.shape[1]]
    if family == "bert":
        x = x + tensors["embeddings.token_type_embeddings.weight"][data["token_type_ids"]]
        start, parts = "encoder.layer.{}.", ("self.query", "self.key", "self.value", "output.dense")
        names = ("attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm")
    else:
        start, parts = "transformer.layer.{}.", ("q_lin", "k_lin", "v_lin", "out_lin")
        names = ("sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm")
    x = normalized(x, tensors, "embeddings.LayerNorm")
    heads = SMALL["num_heads"]
    for number in range(SMALL["num_layers"]):
        begin = start.format(number)
        query, key, value = (
            linear(x, tensors, f"{begin}attention.{part}").reshape(*ids.shape, heads, -1).transpose(0, 2, 1, 3)
            for part in parts[:3]
        )
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
        scores = np.exp(np.where(mask[:, None, None] > 0, scores, -np.inf))
        picked = (scores / scores.sum(-1, keepdims=True)) @ value
        picked = picked.transpose(0, 2, 1, 3).reshape(*ids.shape, -1)
        x = normalized(x + linear(picked, tensors, f"{begin}attention.{parts[3]}"), tensors, begin + names[0])
        inside = gelu(linear(x, tensors, begin + names[1]))
        x = normalized(x + linear(inside, tensors, begin + names[2]), tensors, begin + names[3])
    if head == "classification":
        if family == "distilbert":
            first = np.maximum(linear(x[:, 0], tensors, "pre_classifier"), 0)
        else:
            first = np.tanh(linear(x[:, 0], tensors, "pooler.dense"))
        return linear(first, tensors, "classifier")
    if head == "masked_lm":
        names = ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias")
        if family == "bert":
            names = [f"cls.predictions.{part}" for part in ("transform.dense", "transform.LayerNorm", "bias")]
        return normalized(gelu(linear(x, tensors, names[0])), tensors, names[1]) @ table.T + tensors[names[2]]
    return x


@pytest.mark.parametrize("head", [None, "classification", "masked_lm"])
@pytest.mark.parametrize("family", MAKERS)
def test_outputs_of_a_state_dict(family, head, tmp_path):
    tensors = random_tensors(family, head)
    old = {"weight": "gamma", "bias": "beta"}

    def spell_as_once(name):
        start, _, last = name.rpartition(".")
        return f"{start}.{old[last]}" if "orm" in start.rpartition(".")[2] else name

    data = batch(family)
    expected = expected_output(family, head, tensors, data)
    paths = [
        saved(tensors, tmp_path / "plain.safetensors"),
        saved(tensors, tmp_path / "prefixed.safetensors", f"{family}."),
        saved(tensors, tmp_path / "old.safetensors", f"{family}.", spell_as_once),
    ]
    for path in paths:
        found = small(family, head, weights=path, inputs=INPUTS[family]).predict(data, verbose=0)
        found = found["sequence_output"] if isinstance(found, dict) else found
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max(), err_msg=path.name)


@pytest.mark.slow
def test_published_counts():
    assert applications.DistilBert().count_params() == 66362880
    gm.utils.clear_session()
    assert applications.Bert("base").count_params() == 109482240
    assert applications.Bert("large").count_params() == 335141888


def test_the_usual_sizes():
    """Weights of BERT "tiny" by hand: tables, normalizations, blocks, pooler."""
    width, inside = 128, 512
    block = 4 * (width * width + width) + 2 * width * inside + inside + width + 4 * width
    expected = (30522 + 512 + 2 + 2) * width + 2 * block + width * width + width
    assert applications.Bert("tiny").count_params() == expected


@pytest.mark.parametrize("family", MAKERS)
def test_begins_as_published(family):
    gm.utils.set_random_seed(3)
    model = small(family, "classification", hidden_size=48, vocabulary_size=200)
    table = model.get_layer("embeddings.word_embeddings").get_weights()[0]
    assert not table[0].any() and abs(table[1:].std() / 0.02 - 1) < 0.05
    for layer in model.layers:
        for variable in layer.weights:
            value = variable.numpy()
            if variable.name in ("bias", "beta"):
                assert not value.any(), variable.path
            elif variable.name == "gamma":
                assert (value == 1).all(), variable.path
            else:
                assert abs(value.std() / 0.02 - 1) < 0.3 and abs(value.mean()) < 0.01, variable.path


@pytest.mark.parametrize("family", MAKERS)
def test_what_is_masked_changes_nothing(family):
    model = small(family, "classification", inputs=INPUTS[family])
    data = batch(family)
    other = {**data, "input_ids": np.where(data["attention_mask"], data["input_ids"], 0)}
    np.testing.assert_allclose(model.predict(other, verbose=0), model.predict(data, verbose=0), atol=1e-6)


def test_models_of_one_array_and_of_all_inputs_agree():
    data = batch("bert")
    ones = {"input_ids": data["input_ids"], "attention_mask": np.ones((3, 7)), "token_type_ids": np.zeros((3, 7))}
    plain, full = small("bert", "masked_lm"), small("bert", "masked_lm", inputs=INPUTS["bert"])
    full.set_weights(plain.get_weights())
    expected = plain.predict(data["input_ids"], verbose=0)
    np.testing.assert_allclose(full.predict(ones, verbose=0), expected, atol=1e-6)
    assert plain.input_shape == (None, None) and expected.shape == (3, 7, 40)


@pytest.mark.parametrize("head", [None, "classification", "masked_lm"])
@pytest.mark.parametrize("family", MAKERS)
def test_files(family, head, tmp_path):
    gm.utils.clear_session()
    data = batch(family)
    model = small(family, head, inputs=INPUTS[family])
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    others = [
        gm.saving.load_model(tmp_path / "model.keras"),
        small(family, head, inputs=INPUTS[family], weights=tmp_path / "model.weights.h5"),
        small(family, head, inputs=INPUTS[family], weights=tmp_path / "model.keras"),
    ]
    expected = model.predict(data, verbose=0)
    for other in others:
        found = other.predict(data, verbose=0)
        if isinstance(expected, dict):
            for key, value in expected.items():
                np.testing.assert_allclose(found[key], value, atol=1e-6)
        else:
            np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_learns(policy):
    gm.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    ids = rng.integers(2, 40, (64, 6)).astype("int32")
    labels = (ids == 7).any(1) | (rng.random(64) < 0.4)
    ids[labels, 3] = 7
    gm.mixed_precision.set_global_policy(policy)
    try:
        model = small("distilbert", "classification", classes=2)
        loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(gm.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
        history = model.fit(ids, labels.astype("int32"), epochs=30, batch_size=16, verbose=0).history
        assert model.output.dtype == "float32"
    finally:
        gm.mixed_precision.set_global_policy("float32")
    assert history["accuracy"][-1] > 0.9


def test_one_file_for_several_heads(tmp_path):
    tensors = {**random_tensors("bert", "masked_lm"), **random_tensors("bert")}
    tensors["cls.seq_relationship.weight"] = np.zeros((2, 12), "float32")
    tensors["cls.predictions.decoder.weight"] = tensors["embeddings.word_embeddings.weight"]
    tensors["embeddings.position_ids"] = np.arange(9)[None]
    path = saved(tensors, tmp_path / "pretrained.safetensors", "bert.")
    small("bert", weights=path)
    small("bert", "masked_lm", weights=path)
    with pytest.warns(UserWarning, match="classifier.weight, classifier.bias.*random"):
        model = small("bert", "classification", weights=path)
    kernel = model.get_layer("encoder.layer.1.attention").get_weights()[0]
    expected = tensors["encoder.layer.1.attention.self.query.weight"].T.reshape(12, 3, 4)
    np.testing.assert_array_equal(kernel, expected)


def test_all_that_does_not_fit_is_named(tmp_path):
    tensors = random_tensors("distilbert", "classification")
    del tensors["transformer.layer.0.ffn.lin1.bias"], tensors["embeddings.LayerNorm.weight"], tensors["classifier.bias"]
    tensors["transformer.layer.2.ffn.lin1.bias"] = np.zeros(20, "float32")
    tensors["strange"] = np.zeros(1, "float32")
    tensors["pre_classifier.weight"] = np.zeros((12, 13), "float32")
    tensors["transformer.layer.1.attention.q_lin.weight"] = np.zeros((13, 12), "float32")
    tensors["transformer.layer.1.ffn.lin2.weight"] = tensors["transformer.layer.1.ffn.lin2.weight"].T.copy()
    tensors["transformer.layer.1.sa_layer_norm.bias"] = np.zeros(12, "int64")
    path = saved(tensors, tmp_path / "wrong.safetensors", "distilbert.")
    with pytest.raises(gm.errors.ArgumentError) as failure:
        small("distilbert", "classification", weights=path)
    message = str(failure.value)
    for words in (
        "3 tensors are missing: classifier.bias, embeddings.LayerNorm.weight, transformer.layer.0.ffn.lin1.bias",
        "2 tensors belong to no layer: transformer.layer.2.ffn.lin1.bias, strange",
        "1 tensors are no floats: transformer.layer.1.sa_layer_norm.bias of dtype int64",
        "3 tensors have another shape: ",
        "transformer.layer.1.attention.q_lin.weight has to be (12, 3, 4)",
        "is (13, 12), (12, 13) here",
        "transformer.layer.1.ffn.lin2.weight has to be (20, 12)",
        "pre_classifier.weight",
        "wrong.safetensors",
        "distilbert",
    ):
        assert words in message, message
    with pytest.raises(gm.errors.ShapeError, match=re.escape("classifier.weight has to be (12, 5)")):
        path = saved(random_tensors("distilbert", "classification"), tmp_path / "other.safetensors")
        small("distilbert", "classification", classes=5, weights=path)
    twice = {**random_tensors("distilbert"), "distilbert.embeddings.LayerNorm.gamma": np.ones(12, "float32")}
    with pytest.raises(gm.errors.ArgumentError, match="every tensor once.*embeddings.LayerNorm"):
        small("distilbert", weights=saved(twice, tmp_path / "twice.safetensors"))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"head": "squad"}, "'squad'"),
        ({"num_heads": 5}, "num_heads that divides hidden_size 12; received 5"),
        ({"num_heads": 0}, "num_heads"),
        ({"hidden_size": 2.5}, "hidden_size"),
        ({"classes": 0}, "classes"),
        ({"sequence_length": 10}, "at most 9 (max_positions); received 10"),
        ({"inputs": ()}, "'input_ids'"),
        ({"inputs": ("input_ids", "mask")}, "attention_mask"),
        ({"inputs": ("input_ids", "input_ids")}, "inputs"),
        ({"weights": 3}, "None or a path; received int"),
        ({"dropout": 1.5}, "rate"),
    ],
)
@pytest.mark.parametrize("family", MAKERS)
def test_bad_arguments(family, options, words):
    with pytest.raises(gm.errors.ArgumentError) as failure:
        small(family, **options)
    assert words in str(failure.value)


def test_bad_size_and_missing_file(tmp_path):
    with pytest.raises(gm.errors.ArgumentError, match="tiny, mini, small, medium, base, large; received 'huge'"):
        applications.Bert("huge")
    with pytest.raises(FileNotFoundError, match="existing file"):
        small("bert", weights=tmp_path / "absent.safetensors")
    with pytest.raises(gm.errors.ArgumentError, match="inputs"):
        small("distilbert", inputs=INPUTS["bert"])


def test_ids_and_positions_beyond_the_tables():
    model = small("distilbert", "classification", inputs=INPUTS["distilbert"])
    model.compile("adam", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = batch("distilbert")
    data["input_ids"][2, 5] = 40
    labels = np.zeros(3, "int32")
    words = "embeddings.word_embeddings.*from 0 to 39; received 40 at row 2, position 5"
    for run in (model, model.predict, lambda x: model.fit(x, labels), lambda x: model.evaluate(x, labels)):
        with pytest.raises(gm.errors.ArgumentError, match=words):
            run(data)
    data["input_ids"][2, 5] = -1
    with pytest.raises(gm.errors.ArgumentError, match="received -1 at row 2, position 5"):
        model.predict(data)
    data = batch("distilbert", length=10)
    for run in (model, model.predict):
        with pytest.raises(gm.errors.ShapeError, match="embeddings.position_embeddings.*sequence_length=9.*10"):
            run(data)
