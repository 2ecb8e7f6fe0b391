"""The scripts that compare engines, at tiny sizes; other engines are needed for one test only."""

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RUNNERS = Path(gm.__file__).parent / "benchmark"


def module(name, monkeypatch):
    """A file of benchmarks/, whose imports of its neighbours work."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, loaded)
    spec.loader.exec_module(loaded)
    return loaded


def vision(*options):
    command = [sys.executable, str(BENCHMARKS / "vision.py"), "--quick", "--threads", "1", "--repeats", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_vision_quick(tmp_path):
    file = tmp_path / "figures.json"
    done = vision("--workloads", "mnist_cnn_full,squeezenet_b16", "--epochs", "2", "--layers", "--json", str(file))
    assert done.returncode == 0, done.stderr
    for words in ("GFLOP/s", "of the peak", "carried out", "gradmill's memory: plan", "| sequential/conv2d_1 |"):
        assert words in done.stdout, done.stdout
    figures = json.loads(file.read_text())
    assert figures["schema"] == "gradmill-side-by-side/2" and figures["roof"]["flops"] > 0
    assert [each["workload"] for each in figures["workloads"]] == ["mnist_cnn_full", "squeezenet_b16"]
    first = figures["workloads"][0]
    (run,) = first["runs"]["gradmill"]
    # Multiply-adds of two images; nobody needs the gradient of the images.
    small, large, dense = 26 * 26 * 32 * 9, 24 * 24 * 64 * 9 * 32, 12 * 12 * 64 * 128 + 128 * 10
    assert run["step_flops"] == 2 * 2 * (2 * small + 3 * large + 3 * dense)
    assert 0 < run["step_kernel_flops"] < run["step_flops"]
    assert run["peak_bytes"] > run["planned_bytes"] > 0 and run["losses"][-1] < run["losses"][0]
    (row,) = first["rows"]
    assert row["flops"] == pytest.approx(run["step_flops"] / 2 * row["samples_per_second"])
    assert first["comparison"] is None and len(first["layers"]["layers"]) <= 10


def test_recurrent_networks_in_every_way():
    command = [sys.executable, str(BENCHMARKS / "recurrent.py"), "--threads", "1", "--repeats", "1", "--epochs", "1"]
    done = subprocess.run([*command, "--batches", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    words = [line.split()[:2] for line in done.stdout.splitlines()]
    ways = ("gradmill", "gradmill-function", "gradmill-eager")
    assert words == [[name, way] for name in ("lstm_full", "gru_full", "bilstm_full") for way in ways]


def test_transformer_quick():
    command = [sys.executable, str(BENCHMARKS / "transformer.py"), "--quick", "--threads", "1", "--repeats", "1"]
    command += ["--workloads", "distilbert_b8", "--epochs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "of the peak" in done.stdout and "gradmill's memory: plan" in done.stdout


def test_a_missing_peer_is_reported_and_the_others_go_on():
    if importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is installed")
    done = vision("--workloads", "mnist_cnn_full", "--epochs", "1", "--engines", "torch-best,gradmill")
    assert done.returncode == 0
    assert "torch-best: no result: exit code 1: ModuleNotFoundError" in done.stderr
    assert "  gradmill " in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engines", "gradmil"), "unknown engine 'gradmil'"),
        (("--workloads", "resnet"), "unknown workload 'resnet'"),
        (("--batch", "0"), "--batch: expected a positive number"),
    ],
)
def test_bad_options(options, message):
    done = vision(*options)
    assert done.returncode == 2 and message in done.stderr


def test_mlp():
    command = [sys.executable, str(BENCHMARKS / "mlp.py"), "--workloads", "mnist_mlp_full", "--epochs", "1"]
    command += ["--steps", "20", "--repeats", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mnist_mlp" in done.stdout and "samples/s" in done.stdout and "peak" in done.stdout


def test_ratios(monkeypatch):
    vision_module = module("vision", monkeypatch)
    rows = [
        {"engine": "gradmill", "samples_per_second": 30.0, "peak_bytes": 500},
        {"engine": "torch", "samples_per_second": 10.0, "peak_bytes": 1000},
        {"engine": "torch-best", "samples_per_second": 20.0, "peak_bytes": 2000},
    ]
    ratios = vision_module.compare(rows, target=1.7)
    assert (ratios["fastest_peer"], ratios["speed_ratio"]) == ("torch-best", 1.5)
    assert (ratios["leanest_peer"], ratios["memory_ratio"]) == ("torch", 0.5)
    assert vision_module.compare(rows[1:], 1.7) is None and vision_module.compare(rows[:1], 1.7) is None


def test_engines_take_turns(monkeypatch, capsys):
    side_by_side = module("side_by_side", monkeypatch)
    calls = []

    def run(engine):
        calls.append(engine)
        return {"error": "broken"} if engine == "b" else {"samples_per_second": float(len(calls))}

    results = side_by_side.take_turns(["a", "b", "c"], 3, run)
    assert calls == ["a", "b", "c", "a", "c", "a", "c"], "an engine that fails is not asked again"
    assert set(results) == {"a", "c"} and "b: no result: broken" in capsys.readouterr().err
    assert side_by_side.summary(results["a"]) == (4.0, 1.0, 6.0)


def test_a_run_tells_its_peak_and_is_stopped_at_its_limit(monkeypatch):
    side_by_side = module("side_by_side", monkeypatch)

    def python(text, **options):
        return side_by_side.run_once([sys.executable, "-c", text, str(RUNNERS)], **options)

    result = python(
        "import os, sys; sys.path.append(sys.argv[1]); from _engines.processes import print_result\n"
        "x = bytearray(10**8); print_result(a=os.environ['A'])",
        environment={"A": "3"},
    )
    assert result["a"] == "3" and 10**8 < result["peak_bytes"] < 10**10
    assert result["wall"] > 0 and result["processor"] > 0
    assert python("import sys; sys.exit('why')")["error"] == "exit code 1: why"
    assert python("print('nothing')")["error"] == "exit code 0: no message"
    assert python("import os; os.kill(os.getpid(), 9)")["error"].startswith("killed by SIGKILL")
    assert python("", environment={"PATH": None}).get("error") == "exit code 0: no message"
    assert side_by_side.run_once(["/nowhere/python"]) == {"error": "/nowhere/python: No such file or directory"}
    start = time.perf_counter()
    # What the program has started is ended with it.
    hangs = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    assert python(hangs, limit=0.5)["error"] == "over 0.5 s"
    assert time.perf_counter() - start < 30


def test_layers_of_decoders(monkeypatch, capsys):
    command = [sys.executable, str(BENCHMARKS / "decoder_layers.py"), "--layers", "32-32@64,320-512@8"]
    command += ["--repeats", "1", "--seconds", "0.001", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    for name in ("unet transposed 320-512@8", "cvnet512 separable 32-32@64", "unet transposed, sum,"):
        assert sum(line.startswith(name) for line in lines) == 3, done.stdout
    done = subprocess.run([*command, "--layers", "dense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no name holds 'dense'" in done.stderr
    decoder_layers = module("decoder_layers", monkeypatch)
    for layer in decoder_layers.LAYERS:
        # What the layer makes of its input has the size that stands beside it.
        grown = layer.size * layer.stride if layer.padding == "same" else layer.size + layer.kernel - 1
        if layer.separable and layer.padding == "valid":
            grown = layer.size - layer.kernel + 1
        assert grown == layer.out
    decoder_layers.print_line("x", {"gradmill": 0.01, "torch": 0.02, "torch-best": 0.014})
    assert "1.40 times as fast as torch-best (missed)" in capsys.readouterr().out


def test_passes_of_decoder_layers(monkeypatch):
    """The three passes give the values of the formulas, by the adjoints: <dy, f(x)> = <dx, x> = <dw, w>."""
    decoder_layers = module("decoder_layers", monkeypatch)
    for layer in (
        decoder_layers.Layer("a transposed", 2, 3, 4, 5, 10, 3, 2),
        decoder_layers.Layer("a transposed", 2, 3, 4, 5, 7, 3),
        decoder_layers.Layer("a separable", 2, 3, 4, 7, 7, 5),
    ):
        x, dy, *kernels = decoder_layers.draw(layer)
        forward, data, weights = decoder_layers.keras_passes(gm, gm.function, gm.GradientTape, layer)
        product = np.sum(dy * forward().numpy())
        np.testing.assert_allclose(np.sum(x * data().numpy()), product, rtol=1e-4)
        for kernel, gradient in zip(reversed(kernels), weights()):
            np.testing.assert_allclose(np.sum(kernel * gradient.numpy()), product, rtol=1e-4)


def test_triangles_of_an_accuracy(tmp_path):
    gm.datasets.shapes.write_triangles(tmp_path / "triangles", 6, 128, train=4)
    command = [sys.executable, str(BENCHMARKS / "triangles_accuracy.py"), "--data", str(tmp_path / "triangles")]
    command += ["--width", "0.1", "--batch-size", "2", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["train"], first["side"], first["epoch"], second["epoch"]) == (4, 128, 1, 2)
    assert second["loss"] < first["loss"] and 0 < second["validation_iou"] < second["validation_dice"] <= 1


def test_first_weights_follow_the_initializers(monkeypatch):
    cifar10_accuracy = module("cifar10_accuracy", monkeypatch)
    model = gm.Sequential(
        [
            gm.Input((8, 8, 4)),
            gm.layers.Conv2D(16, 3, kernel_initializer="he_uniform"),
            gm.layers.SeparableConv2D(32, 3, depthwise_initializer="he_uniform"),
        ]
    )
    cifar10_accuracy.first_weights(model, 3)
    once = model.get_weights()
    he, bias, depthwise, pointwise, _ = once
    for value, limit in ((he, (6 / 36) ** 0.5), (depthwise, (6 / 144) ** 0.5), (pointwise, (6 / 48) ** 0.5)):
        assert 0.9 * limit < np.abs(value).max() <= limit
    assert not bias.any()
    cifar10_accuracy.first_weights(model, 3)
    for value, again in zip(once, model.get_weights()):
        np.testing.assert_array_equal(value, again)
