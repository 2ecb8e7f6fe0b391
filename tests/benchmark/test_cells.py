"""The registry of cells, its stored bands, and the published figures beside it."""

import dataclasses
import json
import math

import numpy as np
import pytest

import gradmill as gm
from gradmill.benchmark._engines import keras_engine, keras_networks, keras_transformers
from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark._engines.data import MAKERS
from gradmill.benchmark.cells import (
    CELLS,
    HIDDEN_SUITES,
    SUITES,
    find_cells,
    loss_band,
    published,
    scaled,
    scaling_text,
)
from gradmill.benchmark.training_job import DATASETS

NETWORKS = {
    *keras_networks.STACKS,
    *keras_networks.WHOLE,
    *keras_networks.HEADLESS,
    *keras_networks.TRANSFORMERS,
    *keras_networks.DECODERS,
    *keras_networks.SEGMENTATION,
}


def test_every_cell_has_a_name_of_its_own_and_a_network():
    rows = [cell for row in (*SUITES.values(), *HIDDEN_SUITES.values()) for cell in row]
    assert len({cell.name for cell in rows}) == len(rows) == len(CELLS)
    for cell in rows:
        assert cell.network in NETWORKS, cell.name
        assert cell.data in (DATASETS if cell.target_accuracy else MAKERS), cell.name
        assert min(cell.batch, cell.steps, cell.epochs, cell.classes) > 0 and cell.rate > 0


def test_bands_of_losses():
    bands = {cell.name: loss_band(cell) for cell in CELLS.values()}
    measured = {name for name, band in bands.items() if band is not None}
    assert measured >= {cell.name for cell in SUITES["quick"]}
    assert all(0 <= bands[name][0] < bands[name][1] < 100 for name in measured)


def test_a_band_is_for_the_batch_and_the_steps_of_an_epoch():
    cell = SUITES["quick"][0]
    assert loss_band(cell) is not None and loss_band(scaled(cell, 0.001)) is None
    assert loss_band(dataclasses.replace(cell, batch=cell.batch + 1)) is None
    assert loss_band(cell) != loss_band(CELLS["mnist_100"])


def test_a_longer_job_has_the_band_of_the_latest_epoch_that_it_passes(monkeypatch, tmp_path):
    rows = [{"batch": 8, "steps": 20, "epoch": epoch, "low": 0.1, "high": 1.0 / epoch} for epoch in (1, 4)]
    (tmp_path / "bands.json").write_text(json.dumps({"bands": {"tiny_mlp": rows}}))
    monkeypatch.setattr("gradmill.benchmark.cells._DATA", tmp_path)
    cell = CELLS["tiny_mlp"]
    assert (cell.warm_up, cell.epochs) == (1, 4)
    found = [loss_band(dataclasses.replace(cell, epochs=epochs)).epoch for epochs in (1, 2, 3, 9)]
    assert found == [1, 1, 4, 4]
    assert loss_band(dataclasses.replace(cell, warm_up=0, epochs=3)).high == 1.0


def test_definitions_survive_json():
    for cell in CELLS.values():
        assert Cell.from_definition(cell.definition()) == cell


def test_a_cell_may_have_mixed_precision():
    cell = CELLS["tiny_mlp"]
    assert "precision" not in cell.definition()  # as in files of results from before there was a choice
    mixed = dataclasses.replace(cell, precision="mixed_bfloat16")
    assert Cell.from_definition(mixed.definition()) == mixed
    try:
        model = keras_engine.make_model(gm, mixed, seed=0)
    finally:
        gm.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers} == {"bfloat16"}
    assert {str(weight.dtype) for weight in model.weights} == {"float32"}


@pytest.mark.parametrize("name", sorted(CELLS))
@pytest.mark.parametrize("scale", [0.5, 0.03, 0.001])
def test_scaled_cells_do_about_that_part_of_the_work(name, scale):
    cell = CELLS[name]
    small = scaled(cell, scale)
    assert min(small.batch, small.steps, small.epochs) >= 1 and small.warm_up <= max(cell.warm_up, 1)
    work, wanted = small.samples * small.epochs, cell.samples * cell.epochs * scale
    assert work == 1 or 0.5 * wanted <= work <= 2 * wanted or work <= cell.batch
    if scale == 0.5 and cell.epochs > 1:
        assert (small.batch, small.steps) == (cell.batch, cell.steps)
        assert f"epochs {cell.epochs} -> {small.epochs}" in scaling_text(small)
    assert scaling_text(cell) == ""


@pytest.mark.parametrize("scale", [0, -1, 1.5, math.nan])
def test_bad_scales(scale):
    with pytest.raises(gm.errors.ArgumentError, match="above 0 and at most 1; received"):
        scaled(CELLS["lstm"], scale)


def test_unknown_names_with_the_nearest():
    with pytest.raises(gm.errors.ArgumentError, match="received 'quik'; did you mean 'quick'"):
        find_cells("quik")
    with pytest.raises(gm.errors.ArgumentError, match="received 'resnet5'; did you mean 'resnet50'"):
        find_cells("quick", ["lstm", "resnet5"])
    assert [cell.name for cell in find_cells("full", ["lstm", "tiny_cnn"])] == ["lstm", "tiny_cnn"]


def test_published_figures_are_complete():
    figures = published()
    assert len(figures) > 30
    for each in figures:
        assert each["network"] in NETWORKS and each["machine"] and each["caveat"] and each["source"], each
        assert each["samples_per_second"] > 0 and each["batch"] > 0
        if "seconds" in each:
            assert each["samples_per_second"] == pytest.approx(each["samples"] / each["seconds"], rel=1e-2)


def test_published_figures_are_those_that_were_published():
    """Samples of the published jobs over their published times."""
    speeds = {(each["network"], each["machine"]): each["samples_per_second"] for each in published()}
    assert speeds["resnet50", "M1 Max GPU"] == 140 and speeds["bert_large", "RTX 3090"] == 131
    assert speeds["lstm", "M1 Ultra"] == pytest.approx(2000 * 64 / 38.5, rel=1e-3)
    assert speeds["resnet50", "Core i7, in all"] == pytest.approx(4 * 30 * 128 / (3600 + 9 * 60 + 25), rel=1e-3)
    assert speeds["vgg16", "M1 CPU"] == pytest.approx(1000 / 217, rel=1e-3)


@pytest.mark.parametrize("network", ["distilbert_tiny", "bert_tiny"])
def test_transformers_written_out_for_keras_are_the_applications(network):
    """The same weights in the same order give the same logits and the same gradients."""
    cell = dataclasses.replace(CELLS["distilbert"], network=network, shape=(16,), vocabulary=100)
    written = keras_transformers.classifier(
        gm, keras_networks.TRANSFORMERS[network], 16, 100, cell.classes, bert=network == "bert_tiny"
    )
    application = keras_networks.build(gm, cell)
    shapes = [[weight.shape for weight in model.weights] for model in (written, application)]
    assert shapes[0] == shapes[1]
    draws = np.random.default_rng(3)
    weights = [draws.normal(0.1, 0.1, shape).astype("float32") for shape in shapes[0]]
    ids = draws.integers(1, 100, (4, 16)).astype("int32")
    found = []
    for model in (written, application):
        model.set_weights(weights)
        with gm.GradientTape() as tape:
            logits = model(ids, training=False)
            loss = gm.ops.mean(logits**2)
        gradients = tape.gradient(loss, model.trainable_variables)
        found.append([logits, *(each for each in gradients)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


def test_the_decoder_is_that_of_the_example():
    """The example's layers, whose weights come in another order, give the same logits."""
    layers, draws = gm.layers, np.random.default_rng(4)
    cell = dataclasses.replace(CELLS["char_gpt"], shape=(16,), vocabulary=20)
    written = keras_networks.build(gm, cell)
    inputs = gm.Input((16,), dtype="int32")
    x = layers.Dropout(0.1)(layers.TokenAndPositionEmbedding(20, 16, 128)(inputs))
    for _ in range(4):
        x = layers.TransformerDecoder(512, 4, dropout=0.1, activation="gelu", normalize_first=True)(x)
    example = gm.Model(inputs, layers.Dense(20)(layers.LayerNormalization()(x)))
    weights = [draws.normal(0.1, 0.1, weight.shape).astype("float32") for weight in example.weights]
    # A block: 8 of attention, 2 of its normalization, 4 of dense layers, 2 of theirs.
    blocks = [weights[start : start + 16] for start in range(2, 66, 16)]
    moved = [[*block[8:10], *block[:8], *block[14:], *block[10:14]] for block in blocks]
    example.set_weights(weights)
    written.set_weights([*weights[:2], *(each for block in moved for each in block), *weights[66:]])
    ids = draws.integers(0, 20, (3, 16)).astype("int32")
    np.testing.assert_allclose(written(ids).numpy(), example(ids).numpy(), rtol=1e-4, atol=1e-4)


def test_pieces_of_a_text():
    x, y = MAKERS["characters"](7000, (128,), 64, seed=1, vocabulary=64)
    assert x.shape == y.shape == (7000, 128) and x.dtype == np.int32
    text = np.append(x.reshape(-1), y[-1, -1])
    assert np.array_equal(text[1:], y.reshape(-1)) and text.min() == 0 and text.max() == 63
    words = np.diff(np.flatnonzero(text == 0)) - 1
    assert words.min() == 2 and words.max() == 9
    again, _ = MAKERS["characters"](10, (128,), 64, seed=1, vocabulary=64)
    assert np.array_equal(again, x[:10]), "the text depends on how much of it is taken"
