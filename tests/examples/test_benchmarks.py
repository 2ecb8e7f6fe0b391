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
    done = vision("--workloads", "mnist_cnn,squeezenet1_1", "--epochs", "2", "--layers", "--json", str(file))
    assert done.returncode == 0, done.stderr
    for words in ("GFLOP/s", "of the peak", "carried out", "gradmill's memory: plan", "| sequential/conv2d_1 |"):
        assert words in done.stdout, done.stdout
    figures = json.loads(file.read_text())
    assert figures["schema"] == "gradmill-side-by-side/1" and figures["roof"]["flops"] > 0
    assert [each["workload"] for each in figures["workloads"]] == ["mnist_cnn", "squeezenet1_1"]
    first = figures["workloads"][0]
    (run,) = first["runs"]["gradmill"]
    # Multiply-adds of two images; nobody needs the gradient of the images.
    small, large, dense = 26 * 26 * 32 * 9, 24 * 24 * 64 * 9 * 32, 12 * 12 * 64 * 128 + 128 * 10
    assert run["flops"] == 2 * 2 * (2 * small + 3 * large + 3 * dense)
    assert 0 < run["kernel_flops"] < run["flops"]
    assert run["peak_bytes"] > run["planned_bytes"] > 0 and run["last_loss"] < run["first_loss"]
    (row,) = first["rows"]
    assert row["flops"] == pytest.approx(run["flops"] / 2 * row["samples_per_second"])
    assert first["comparison"] is None and len(first["layers"]["layers"]) <= 10


def test_recurrent_networks_in_every_way():
    command = [sys.executable, str(BENCHMARKS / "recurrent.py"), "--threads", "1", "--repeats", "1", "--epochs", "1"]
    done = subprocess.run([*command, "--batches", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    words = [line.split()[:2] for line in done.stdout.splitlines()]
    ways = ("gradmill", "gradmill-function", "gradmill-eager")
    assert words == [[name, way] for name in ("lstm", "gru_100", "bilstm_100") for way in ways]


def test_transformer_quick(tmp_path):
    file = tmp_path / "figures.json"
    options = ["--quick", "--threads", "1", "--repeats", "1", "--epochs", "2", "--layers", "--json", str(file)]
    command = [sys.executable, str(BENCHMARKS / "transformer.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for words in ("of the peak", "gradmill's memory: plan", "| distilbert/transformer.layer.1.attention |"):
        assert words in done.stdout, done.stdout
    figures = json.loads(file.read_text())
    assert [each["workload"] for each in figures["workloads"]] == ["distilbert", "bert_large"]
    # Multiply-adds of two sequences of 16 ids: per id four projections, two wide layers, and attention to 16 others;
    # per sequence the dense layer and the classifier. Forward once, backward twice.
    block = 16 * (4 * 32 * 32 + 2 * 32 * 64 + 2 * 16 * 32)
    (run,) = figures["workloads"][0]["runs"]["gradmill"]
    assert run["flops"] == 2 * 2 * 3 * (2 * block + 32 * 32 + 32 * 8)


def test_a_missing_peer_is_reported_and_the_others_go_on():
    if importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is installed")
    done = vision("--workloads", "mnist_cnn", "--epochs", "1", "--engines", "torch-best,gradmill")
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
    command = [sys.executable, str(BENCHMARKS / "mlp.py"), "--workload", "mnist_mlp", "--epochs", "1", "--repeats", "1"]
    command += ["--samples", "640"]
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
        return side_by_side.run_once([sys.executable, "-c", text], **options)

    result = python(
        "import os; x = bytearray(10**8); print('RESULT {\"a\": ' + os.environ['A'] + '}')", environment={"A": "3"}
    )
    assert result["a"] == 3 and 10**8 < result["peak_bytes"] < 10**10
    assert python("import sys; sys.exit('why')") == {"error": "exit code 1: why"}
    assert python("print('nothing')") == {"error": "exit code 0: no message"}
    start = time.perf_counter()
    assert python("import time; time.sleep(60)", limit=0.5) == {"error": "over 0.5 s"}
    assert time.perf_counter() - start < 30


def test_images_can_be_told_apart(monkeypatch):
    engines = module("engines", monkeypatch)
    images, labels = engines.class_images(400, (6, 5, 3), 4)
    assert images.shape == (400, 6, 5, 3) and images.dtype == np.float32 and set(labels) == {0, 1, 2, 3}
    means = np.stack([images[labels == label].mean(0) for label in range(4)])
    distances = ((images[:, None] - means[None]) ** 2).sum((2, 3, 4))
    assert (distances.argmin(1) == labels).mean() > 0.99


@pytest.mark.peers
@pytest.mark.slow
def test_the_networks_of_all_engines_have_the_same_weights(monkeypatch):
    pytest.importorskip("torch", reason="needs PyTorch")
    torch_networks = module("torch_networks", monkeypatch)
    keras_networks = module("keras_networks", monkeypatch)
    for workload in module("vision_workloads", monkeypatch).WORKLOADS.values():
        own = keras_networks.build(gm, workload.network, workload.shape, workload.classes)
        peer = torch_networks.build(workload.network, workload.shape, workload.classes)
        count = sum(int(np.prod(weight.shape)) for weight in own.trainable_weights)
        assert count == sum(weight.numel() for weight in peer.parameters()), workload.network
    torch_transformers = module("torch_transformers", monkeypatch)
    transformer_run = module("transformer_run", monkeypatch)
    for workload in module("transformer", monkeypatch).WORKLOADS.values():
        small = workload.quick()
        peer = torch_transformers.Classifier(small)
        assert transformer_run.model_of(gm, small).count_params() == sum(each.numel() for each in peer.parameters())
