"""The example scripts and the command, on synthetic data; the main job on real data where it is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradmill as gm
from gradmill.__main__ import main
from gradmill.benchmark import summarize, write_curve

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SYSTEM_FASHION = "/usr/share/datasets/fashion-mnist"


def run(*command, folder):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("script", ["fashion_mnist.py", "mnist.py"])
def test_quick(script, tmp_path):
    done = run(str(EXAMPLES / script), "--quick", "--seed", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("Test accuracy:", "Seconds per epoch:", "Samples/s:", "Peak memory:", "Results:", "Curve:"):
        assert words in done.stdout
    results = json.loads((tmp_path / "results" / script.replace(".py", ".json")).read_text())
    assert results["schema"] == "gradmill-training/1" and results["parameters"] == 101770
    assert results["test_accuracy"] > 0.8 and len(results["history"]["loss"]) == 1
    assert ("Predictions before training:" in done.stdout) == (script == "mnist.py")


def test_help_shows_an_example(capsys):
    for arguments in (["--help"], ["train", "--help"], ["info", "--help"], ["doctor", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0 and "example: gradmill" in capsys.readouterr().out


def test_info_and_doctor(capsys):
    assert main(["info"]) == 0
    assert "cpu:" in capsys.readouterr().out
    assert main(["doctor"]) == 0
    assert "[ok] trains a small network" in capsys.readouterr().out


def test_train_reports_missing_data(tmp_path, capsys):
    assert main(["train", "mnist", "--data", str(tmp_path)]) == 1
    assert "train-images-idx3-ubyte" in capsys.readouterr().err


def test_summary_leaves_out_the_first_epoch():
    assert summarize([9.0, 1.0, 2.0, 4.0], 100)["seconds_per_epoch"] == 2.0
    assert summarize([9.0], 90)["samples_per_second"] == 10.0


def test_curve_is_a_png(tmp_path):
    pytest.importorskip("matplotlib")
    path = write_curve(tmp_path / "curve.png", {"loss": [2, 1], "accuracy": [0.1, 0.2], "val_loss": [2, 2]}, "title")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir(SYSTEM_FASHION), reason="Debian's package dataset-fashion-mnist is not installed")
def test_main_job_on_real_data(tmp_path):
    done = run(str(EXAMPLES / "fashion_mnist.py"), "--epochs", "2", "--verbose", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results/fashion_mnist.json").read_text())
    # Two epochs of Keras reach about 0.85.
    assert results["test_accuracy"] > 0.82 and results["test_samples"] == 10000
    assert gm.datasets.fashion_mnist.CLASS_NAMES[9] == "Ankle boot"
