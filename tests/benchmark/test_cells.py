"""The registry of cells, its stored bands, and the published figures beside it."""

import dataclasses
import math

import pytest

import gradmill as gm
from gradmill.benchmark._engines import keras_networks
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


def test_a_band_is_for_the_number_of_steps_and_the_batch():
    cell = SUITES["quick"][0]
    assert loss_band(cell) is not None and loss_band(scaled(cell, 0.001)) is None
    assert loss_band(dataclasses.replace(cell, epochs=cell.epochs + 1)) is None
    assert loss_band(cell) != loss_band(CELLS["mnist_100"])


def test_definitions_survive_json():
    for cell in CELLS.values():
        assert Cell.from_definition(cell.definition()) == cell


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
