"""`gradmill plan`: what a step takes by layer, and the largest batch that fits."""

import re

import numpy as np
import pytest

import gradmill as gm
from gradmill.__main__ import main
from gradmill.benchmark.memory_plan import find_training, live_bytes, plan_lines, step_memory

MEBIBYTE = 2**20


def small_model():
    layers = [gm.layers.Conv2D(16, 3, activation="relu", name="first"), gm.layers.Conv2D(16, 3, name="second")]
    model = gm.Sequential([gm.Input((32, 32, 3)), *layers, gm.layers.Flatten(), gm.layers.Dense(10)], name="net")
    model.compile("adam", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def data(rows):
    return np.zeros((rows, 32, 32, 3), "float32"), np.zeros(rows, "int32")


def test_buffers_lie_in_the_arena_and_never_on_each_other():
    plan = small_model().plan_for(*data(8))
    buffers = plan.buffers()
    assert buffers and max(each["offset"] + each["bytes"] for each in buffers) <= plan.arena_bytes
    for i, one in enumerate(buffers):
        assert 0 <= one["first"] and one["last"] < plan.kernel_calls and one["bytes"] > 0
        for other in buffers[i + 1 :]:
            apart_in_time = one["last"] < other["first"] or other["last"] < one["first"]
            end, other_end = one["offset"] + one["bytes"], other["offset"] + other["bytes"]
            assert apart_in_time or end <= other["offset"] or other_end <= one["offset"], (one, other)


def test_the_fullest_step_nearly_fills_the_arena():
    plan = small_model().plan_for(*data(64))
    used = live_bytes(plan.buffers(), plan.kernel_calls)
    assert 0.8 * plan.arena_bytes <= max(used) <= plan.arena_bytes
    found = step_memory(plan)
    assert sum(layer.bytes for layer in found.layers) == max(used)
    # What the first layer made is as large as its result at least: 64 maps of 30x30x16.
    sizes = {layer.layer: layer.bytes for layer in found.layers}
    assert sizes["net/first"] >= 64 * 30 * 30 * 16 * 4
    weights = 3 * 9 * 16 + 16 + 16 * 9 * 16 + 16 + 28 * 28 * 16 * 10 + 10
    assert found.variable_bytes >= 3 * 4 * weights  # Adam keeps two more numbers for each
    assert found.batch_bytes == 2 * 64 * (32 * 32 * 3 * 4 + 4)  # fit gathers the next one meanwhile


def test_the_largest_batch_fits_and_one_more_does_not(monkeypatch):
    training = find_training("tiny_cnn")
    lines, fits = plan_lines(training, 1000, available=2 * MEBIBYTE)
    largest = int(re.search(r"the largest batch that fits is ([\d,]+)$", lines[-1])[1].replace(",", ""))
    assert not fits and "a batch of 1000 does NOT fit into 2.0 MiB" in lines[-1] and 1 <= largest < 1000
    assert plan_lines(training, largest, 2 * MEBIBYTE)[1]
    assert not plan_lines(training, largest + 1, 2 * MEBIBYTE)[1]
    assert "not even a batch of 1 fits" in plan_lines(training, 1, available=0)[0][-1]
    # Training says the same.
    monkeypatch.setattr("gradmill.models.memory_check.available_memory_bytes", lambda: 2 * MEBIBYTE)
    x = np.zeros((largest + 1, 12, 12, 1), "float32")
    with pytest.raises(gm.errors.ArgumentError, match=f"a batch of {largest} fits"):
        training.model.fit(x, np.zeros(len(x), "int32"), batch_size=len(x), verbose=0)


def test_command(capsys):
    assert main(["plan", "tiny_cnn", "--bs", "16"]) == 0
    output = capsys.readouterr().out
    assert "tiny_cnn, batch 16:" in output and "sequential" in output and "fits into" in output
    assert main(["plan", "MobileNetV2", "--bs", "2", "--image-size", "64"]) == 0
    assert "MobileNetV2, batch 2:" in capsys.readouterr().out


def test_command_on_a_saved_model(tmp_path, capsys):
    path = str(tmp_path / "net.keras")
    small_model().save(path)
    assert main(["plan", path, "--bs", "4"]) == 0
    assert "net.keras (net), batch 4:" in capsys.readouterr().out
    bare = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    bare.save(path)
    assert main(["plan", path]) == 1
    assert "holds a model that is not compiled" in capsys.readouterr().err
    open_ended = gm.Sequential([gm.Input((None, 4)), gm.layers.Dense(2)])
    open_ended.compile("sgd", "mse")
    open_ended.save(path)
    assert main(["plan", path]) == 1
    assert "expected a model whose sizes but the batch's are known" in capsys.readouterr().err


def test_unknown_names(capsys):
    assert main(["plan", "resnet5"]) == 1
    assert "received 'resnet5'; did you mean 'resnet50'?" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["plan", "resnet50", "--bs", "0"])
