"""Train and evaluate a classifier of images and keep the results: what the examples and `gradmill train` share."""

import json
import time
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from gradmill import config
from gradmill.benchmark.report import EpochTimer, print_summary, summarize, write_curve, write_results
from gradmill.callbacks import BackupAndRestore
from gradmill.datasets import cifar10, fashion_mnist, mnist
from gradmill.utils import set_random_seed
from gradmill.utils.files import PathLike, atomic_write

DATASETS = {"cifar10": cifar10, "fashion_mnist": fashion_mnist, "mnist": mnist}


def prepare(seed: Optional[int] = None, threads: Optional[int] = None) -> None:
    """Set the seed and the number of threads; None leaves either as it is."""
    if seed is not None:
        set_random_seed(seed)
    if threads is not None:
        config.set_threads(threads)


def load_images(name: str, path: Optional[str] = None, quick: bool = False, train: int = 2000, test: int = 500) -> Any:
    """Return `(x_train, y_train), (x_test, y_test)` of a data set by name.

    Args:
        name: a key of `DATASETS`.
        path: folder with its files; default: where `load_data` looks.
        quick: make a small synthetic twin instead.
        train: training images of the twin.
        test: test images of the twin.
    """
    return DATASETS[name].synthetic(train=train, test=test) if quick else DATASETS[name].load_data(path)


def resume_callback(folder: PathLike, settings: Dict[str, Any], fresh: bool = False) -> BackupAndRestore:
    """Return a callback that goes on with an interrupted run, if that had the same settings.

    Args:
        folder: for the backup; used by nothing else.
        settings: plain values that a run follows from.
        fresh: whether to start anew in any case.

    Returns:
        `BackupAndRestore`.
    """
    place = Path(folder)
    note, text = place / "settings.json", json.dumps(settings, sort_keys=True)
    if fresh or not note.exists() or note.read_text(encoding="utf-8") != text:
        for file in place.glob("training_state.*"):
            file.unlink()
        with atomic_write(note, "w", encoding="utf-8") as opened:
            opened.write(text)
    return BackupAndRestore(place)


def run_training(
    name: str,
    model: Any,
    train: Any,
    test: Any,
    epochs: int,
    batch_size: int,
    verbose: Any,
    output: PathLike,
    validate: bool = False,
    samples: Optional[Tuple[int, int]] = None,
    **fit_options: Any,
) -> Dict[str, Any]:
    """Fit a compiled model, evaluate it, print the summary, and write `NAME.json` and `NAME.png`.

    Args:
        name: name of the job and its files.
        model: compiled with the metric `"accuracy"`.
        train: `(x, y)`; x as `fit` takes it. Or a data set of batches.
        test: the same.
        epochs: number of epochs.
        batch_size: samples of a step.
        verbose: as in `fit`.
        output: folder for the files.
        validate: evaluate on `test` after each epoch, too.
        samples: how many samples `train` and `test` have, for data sets.
        fit_options: further arguments of `fit`.

    Returns:
        the results that were written.
    """
    timer = EpochTimer()
    arrays = isinstance(train, tuple)
    train_samples, test_samples = samples or (len(train[1]), len(test[1]))
    callbacks = [timer, *fit_options.pop("callbacks", ())]
    start = time.perf_counter()
    history = model.fit(
        *(train if arrays else (train,)),
        epochs=epochs,
        batch_size=batch_size if arrays else None,
        verbose=verbose,
        callbacks=callbacks,
        validation_data=test if validate else None,
        **fit_options,
    )
    fit_seconds = time.perf_counter() - start
    scores = model.evaluate(*(test if arrays else (test,)), verbose=verbose, return_dict=True)
    results = {
        "job": name,
        "epochs": epochs,
        "batch_size": batch_size,
        "train_samples": train_samples,
        "test_samples": test_samples,
        "parameters": model.count_params(),
        **{f"test_{metric}": score for metric, score in scores.items()},
        "fit_seconds": fit_seconds,
        **summarize(timer.seconds, train_samples),
        "history": history.history,
    }
    print_summary(results)
    folder = Path(output)
    print(f"Results:           {write_results(folder / f'{name}.json', results)}")
    curve = write_curve(folder / f"{name}.png", history.history, name)
    print(f"Curve:             {curve or 'not drawn; pip install matplotlib to get one'}")
    return results
