"""DistilBERT and BERT with the weights of small models of the transformers library: outputs, gradients, training.

The library and PyTorch run in an interpreter of their own, as Keras does in `test_live_keras_applications.py`.
"""

from pathlib import Path

import numpy as np
import pytest
from transformers_side import EPSILON, NAMES, RATE, SIZES, STEPS

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    run_with_keras(Path(__file__).with_name("transformers_side.py"), "write", folder, timeout=600)
    if (folder / "absent").exists():
        pytest.skip("the transformers library or PyTorch is not installed in that interpreter")
    return folder


def make(name, weights, inputs):
    family, head = name.split("-")
    build = gm.applications.DistilBert if family == "distilbert" else gm.applications.Bert
    return build(
        head=None if head == "encoder" else head,
        weights=weights,
        classes=SIZES["classes"],
        inputs=inputs,
        vocabulary_size=SIZES["vocabulary"],
        max_positions=SIZES["positions"],
        num_layers=SIZES["layers"],
        hidden_size=SIZES["width"],
        num_heads=SIZES["heads"],
        intermediate_size=SIZES["inside"],
        dropout=0.0,
        attention_dropout=0.0,
        classifier_dropout=0.0,
    )


def read(folder, name):
    with np.load(folder / f"{name}.npz") as archive:
        data = dict(archive)
    inputs = {key: data[key] for key in ("input_ids", "attention_mask", "token_type_ids") if key in data}
    return data, inputs


def named(outputs, data):
    """Our outputs by the names of theirs."""
    if isinstance(outputs, dict):
        return outputs
    return {"logits" if "logits" in data else "sequence_output": outputs}


def loss_of(outputs, data):
    if "logits" in data:
        return gm.ops.mean(
            gm.losses.sparse_categorical_crossentropy(data["labels"], named(outputs, data)["logits"], from_logits=True)
        )
    return sum(
        gm.ops.mean(gm.ops.square(value - data[f"{key}_target"])) for key, value in named(outputs, data).items()
    )


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients(written, name):
    data, inputs = read(written, name)
    model = make(name, written / name / "model.safetensors", tuple(inputs))
    for key, value in named(model.predict(inputs, verbose=0), data).items():
        np.testing.assert_allclose(value, data[key], rtol=0, atol=1e-4 * np.abs(data[key]).max(), err_msg=key)
    with gm.GradientTape() as tape:
        loss = loss_of(model(inputs, training=True), data)
    np.testing.assert_allclose(float(loss), data["losses"][0], rtol=1e-5)
    gradients = tape.gradient(loss, model.trainable_variables)
    expected = make(name, written / f"{name}.gradients" / "model.safetensors", tuple(inputs)).trainable_variables
    largest = max(np.abs(each.numpy()).max() for each in expected)
    for variable, gradient, theirs in zip(model.trainable_variables, gradients, expected):
        scale = max(np.abs(theirs.numpy()).max(), 1e-3 * largest)  # the gradient of a key's bias is 0 but for rounding
        np.testing.assert_allclose(gradient.numpy(), theirs.numpy(), rtol=0, atol=1e-3 * scale, err_msg=variable.path)


@pytest.mark.parametrize("name", NAMES)
def test_ten_steps(written, name):
    data, inputs = read(written, name)
    model = make(name, written / name / "model.safetensors", tuple(inputs))
    optimizer = gm.optimizers.Adam(RATE, epsilon=EPSILON)

    @gm.function
    def step():
        with gm.GradientTape() as tape:
            loss = loss_of(model(inputs, training=True), data)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    losses = [float(step()) for _ in range(STEPS)]
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, data["losses"], rtol=1e-4)
