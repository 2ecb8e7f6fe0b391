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


@pytest.mark.parametrize("script", ["fashion_mnist.py", "mnist.py", "mnist3.py"])
def test_quick(script, tmp_path):
    done = run(str(EXAMPLES / script), "--quick", "--seed", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("Test accuracy:", "Seconds per epoch:", "Samples/s:", "Peak memory:", "Results:", "Curve:"):
        assert words in done.stdout
    results = json.loads((tmp_path / "results" / script.replace(".py", ".json")).read_text())
    # For mnist3: 3*3*32 + 32, 3*3*32*64 + 64, 12*12*64*128 + 128, 128*10 + 10.
    parameters = 320 + 18496 + 1179776 + 1290 if script == "mnist3.py" else 101770
    assert results["schema"] == "gradmill-training/1" and results["parameters"] == parameters
    assert results["test_accuracy"] > 0.8 and len(results["history"]["loss"]) == 1
    assert ("val_accuracy" in results["history"]) == (script == "mnist3.py")
    assert ("Predictions before training:" in done.stdout) == (script == "mnist.py")


def test_quick_cifar10_resnet50(tmp_path):
    done = run(str(EXAMPLES / "cifar10_resnet50.py"), "--quick", "--seed", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results/cifar10_resnet50.json").read_text())
    assert results["parameters"] == 23608202 and results["test_samples"] == 32
    assert (tmp_path / "results/cifar10_resnet50.png").exists() or "not drawn" in done.stdout


@pytest.mark.parametrize("mode", [[], ["--compiled"]], ids=["eager", "compiled"])
def test_lstm_learns_to_tell_sequences(mode, tmp_path):
    script = str(EXAMPLES / "lstm.py")
    done = run(script, "--steps", "400", "--display", "50", *mode, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line.split(", ") for line in done.stdout.splitlines()]
    assert [int(line[0].removeprefix("step: ")) for line in lines] == [1, *range(50, 401, 50)]
    losses = [float(line[1].removeprefix("loss: ")) for line in lines]
    assert 0.6 < losses[0] < 0.8 and losses[-1] < 0.55
    wrong = run(script, "--steps", "0", folder=tmp_path)
    assert wrong.returncode == 2 and "positive whole number" in wrong.stderr


def test_char_gpt_trains_on_a_text_and_writes(tmp_path):
    script = str(EXAMPLES / "char_gpt.py")
    (tmp_path / "text.txt").write_text("abcdefgh" * 500, encoding="utf-8")
    options = ("--prompt", "abc", "--verbose", "0", "--learning-rate", "0.02", "--save", "x.keras")
    done = run(script, "text.txt", "--quick", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Alphabet:          8" in done.stdout and "Samples/s:" in done.stdout
    written = done.stdout.split("\n\n")[1]
    assert len(written) == 103 and written.startswith("abc") and set(written) <= set("abcdefgh")
    model = gm.models.load_model(tmp_path / "x.keras")
    assert model.name == "char_gpt" and model.output_shape == (None, 32, 8)
    short = run(script, "text.txt", "--context", "4000", folder=tmp_path)
    assert short.returncode == 1 and "use a longer text" in short.stderr
    missing = run(script, "none.txt", folder=tmp_path)
    assert missing.returncode == 1 and "none.txt" in missing.stderr
    wrong = run(script, "--temperature", "0", folder=tmp_path)
    assert wrong.returncode == 2 and "above 0" in wrong.stderr


@pytest.mark.parametrize("model", ["resnet50", "mobilenetv2"])
def test_quick_train_benchmark(model, tmp_path):
    script = str(EXAMPLES / "train_benchmark.py")
    done = run(script, "--model", model, "--quick", "--xla", "--threads", "1", "--verbose", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("Batch size:", "Devices:", "XLA:", "Total params:", "Warm-up:", "Sample/sec: ", "Peak memory:"):
        assert words in done.stdout
    results = json.loads((tmp_path / f"results/train_benchmark_{model}.json").read_text())
    # Without the head, and Dense(8) on 2,048 or 1,280 means.
    body, features = {"resnet50": (23587712, 2048), "mobilenetv2": (2257984, 1280)}[model]
    assert results["parameters"] == body + 8 * features + 8
    assert results["samples_per_second"] > 0 and len(results["epoch_seconds"]) == 1
    assert results["machine"]["threads"] == 1


@pytest.mark.parametrize("model", ["distilbert-base-uncased", "bert-base-uncased", "bert-large-uncased"])
def test_quick_train_benchmark_of_transformers(model, tmp_path):
    script = str(EXAMPLES / "train_benchmark.py")
    half = {"distilbert-base-uncased": "--fp16", "bert-base-uncased": "--bf16"}.get(model)
    done = run(script, "--type", "transformer", "--model", model, "--quick", *filter(None, [half]), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    # Once, what the processor has and what to expect of it.
    assert done.stderr.count("this processor") == (half is not None)
    assert done.stderr.count("expect activations of about half the size") == (half is not None)
    for words in ("Sequences:         16 ids below 1000", "Devices:", "Total params:", "Warm-up:", "Sample/sec: "):
        assert words in done.stdout
    results = json.loads((tmp_path / f"results/train_benchmark_{model}.json").read_text())
    # Two blocks of width 32 (64 inside) on tables of 1,000 tokens and 512 positions, a dense layer, 8 classes.
    block = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32
    kinds = 0 if model.startswith("distil") else 2 * 32
    assert results["parameters"] == (1000 + 512 + 2) * 32 + kinds + 2 * block + 32 * 32 + 32 + 8 * 32 + 8


TEXT_FOLDERS = {"folder": "reviews/train", "train_and_test": "reviews", "csv": "mails.csv"}


@pytest.mark.parametrize("kind", [None, *TEXT_FOLDERS])
def test_text_classification(kind, tmp_path):
    pytest.importorskip("tokenizers", reason="needs the package tokenizers")
    script = str(EXAMPLES / "text_classification.py")
    options = ["--quick"]
    if kind:
        gm.datasets.reviews.write(tmp_path / "reviews", train=200, test=40)
        (texts, labels), _ = gm.datasets.reviews.synthetic(train=200, test=40)
        lines = [f'"{text}",{"good" if label else "bad"}' for text, label in zip(texts, labels)]
        (tmp_path / "mails.csv").write_text("\n".join(["body,kind", *lines]) + "\n")
        options = ["--data", TEXT_FOLDERS[kind], "--text-column", "body", "--label-column", "kind", "--epochs", "2"]
    done = run(script, *options, "--seed", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    classes = "bad, good" if kind == "csv" else "neg, pos"
    for words in (f"Classes:           {classes}", "Test accuracy:", "For example:       '"):
        assert words in done.stdout, done.stdout
    results = json.loads((tmp_path / "results/text_classification.json").read_text())
    counts = {None: (400, 100), "train_and_test": (200, 40)}.get(kind, (160, 40))
    assert (results["train_samples"], results["test_samples"]) == counts


def test_text_classification_with_low_rank_updates(tmp_path):
    pytest.importorskip("tokenizers", reason="needs the package tokenizers")
    done = run(str(EXAMPLES / "text_classification.py"), "--quick", "--lora", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    # Of each of two blocks the biases, and factors of rank 2: queries, keys and values of 4 heads of 16, the way back,
    # 64 to 128 and back; and the head, 64 to 64 to 2 classes.
    heads = 3 * (64 + 64 * 4 * 2 + 2 * 16) + 64 + 4 * 16 * 2 + 2 * 64
    trained = 2 * (heads + 128 + 64 + 2 * 2 * (64 + 128)) + 64 * 64 + 64 + 64 * 2 + 2
    assert f"Low-rank updates:  {trained:,} of " in done.stdout, done.stdout


def test_text_classification_reports_what_failed(tmp_path):
    pytest.importorskip("tokenizers", reason="needs the package tokenizers")
    script = str(EXAMPLES / "text_classification.py")
    (tmp_path / "mails.csv").write_text("body,kind\nhello,good\n")
    done = run(script, "--data", "mails.csv", folder=tmp_path)
    assert done.returncode == 1 and "expected a column 'text'; received the columns body, kind" in done.stderr
    done = run(script, "--data", "absent", folder=tmp_path)
    assert done.returncode == 1 and "absent" in done.stderr and done.stderr.count("\n") == 1
    done = run(script, "--weights", "model.safetensors", folder=tmp_path)
    assert done.returncode == 2 and "--weights needs --vocabulary" in done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--type", "transformer", "--model", "gpt"], "expected one of distilbert-base-uncased, bert-base"),
        (["--model", "vgg16"], "expected one of resnet50, mobilenetv2"),
        (["--bs", "0"], "positive whole number"),
        (["--type", "rnn"], "invalid choice"),
    ],
)
def test_train_benchmark_reports_wrong_usage(arguments, words, tmp_path):
    done = run(str(EXAMPLES / "train_benchmark.py"), *arguments, folder=tmp_path)
    assert done.returncode == 2 and words in done.stderr


SCRIPTS = [
    *("cifar10_resnet50", "fashion_mnist", "mnist", "mnist3", "text_classification", "train_benchmark"),
    "vision_models",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_place_for_results_is_checked_first(script, tmp_path):
    (tmp_path / "taken").write_text("a file")
    done = run(str(EXAMPLES / f"{script}.py"), "--quick", "--output", "taken/results", folder=tmp_path)
    assert done.returncode == 2 and "cannot make the folder 'taken/results'" in done.stderr and not done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_failures_are_one_line(script, tmp_path):
    done = run(str(EXAMPLES / f"{script}.py"), "--quick", "--seed", "-1", folder=tmp_path)
    assert done.returncode == 1 and "seed must lie between 0 and 4294967295" in done.stderr
    assert done.stderr.startswith(f"{script}.py: ") and done.stderr.count("\n") == 1


def test_train_benchmark_reports_what_failed(tmp_path):
    done = run(str(EXAMPLES / "train_benchmark.py"), "--image-size", "16", "--bs", "1", folder=tmp_path)
    assert done.returncode == 1 and "at least 32x32" in done.stderr and "Traceback" not in done.stderr


def test_quick_vision_models(tmp_path):
    script = str(EXAMPLES / "vision_models.py")
    done = run(script, "--model", "squeezenet", "--quick", "--devices", "cpu:1,cpu:2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| model | cpu:1 s | cpu:2 s | cpu:2 speed-up |" in done.stdout and "squeezenet on cpu:2:" in done.stdout
    results = json.loads((tmp_path / "results/vision_models.json").read_text())
    # 1,235,496 with 990 fewer outputs of 513 parameters each.
    assert [each["parameters"] for each in results["runs"]] == [1235496 - 990 * 513] * 2
    done = run(script, "--quick", "--devices", "gpu", folder=tmp_path)
    assert done.returncode == 1 and "expected cpu or cpu:THREADS" in done.stderr
    assert run(script, "--weights", "x.h5", folder=tmp_path).returncode == 2


@pytest.mark.slow
def test_quick_vision_models_all(tmp_path):
    done = run(str(EXAMPLES / "vision_models.py"), "--quick", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "results/vision_models.json").read_text())["runs"]
    assert len(runs) == 6 and all(each["loss"] == each["loss"] for each in runs)


@pytest.mark.parametrize("script", ["train_benchmark.py", "cifar10_resnet50.py", "mnist3.py", "vision_models.py"])
def test_help_of_scripts(script, tmp_path):
    done = run(str(EXAMPLES / script), "--help", folder=tmp_path)
    assert done.returncode == 0 and f"example: python examples/{script}" in done.stdout


def test_cifar10_reports_missing_data(tmp_path):
    done = run(str(EXAMPLES / "cifar10_resnet50.py"), "--data", str(tmp_path), folder=tmp_path)
    assert done.returncode == 1 and "data_batch_1" in done.stderr and "Traceback" not in done.stderr


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
