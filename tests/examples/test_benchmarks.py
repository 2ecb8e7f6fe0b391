"""The scripts that compare engines, at tiny sizes; other engines are needed for one test only."""

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

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
