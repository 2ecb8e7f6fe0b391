"""Epochs of training on an engine that is named by a word: `gradmill`, `keras-BACKEND` or `torch`, `...-best` or not.

Runs in the interpreter of that engine; needs NumPy beside it.
"""

import importlib
import os
import time

import numpy as np


def class_images(samples, shape, classes, seed=0):
    """Learnable noise: every class has its own mean picture."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, samples).astype("int32")
    means = generator.random((classes, *shape), dtype="float32")
    images = generator.random((samples, *shape), dtype="float32")
    images *= 0.5
    for picture, label in zip(images, labels):
        picture += means[label] * 0.5
    return images, labels


def load(engine, threads=None):
    """Import an engine's module, held to `threads` threads, and return it with its version."""
    if threads:
        if hasattr(os, "sched_setaffinity"):  # what every engine obeys, whatever its own switches are called
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        os.environ["OMP_NUM_THREADS"] = str(threads)
    kind, _, backend = engine.replace("-best", "").partition("-")
    if kind == "keras":
        os.environ["KERAS_BACKEND"] = backend
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    module = importlib.import_module(kind)
    if threads and kind == "torch":
        module.set_num_threads(threads)
    if threads and kind == "gradmill":
        module.config.set_threads(threads)
    return module, module.__version__


def fit_epochs(keras, model, images, labels, batch, epochs, shuffle=True):
    """Seconds and mean loss of each epoch of a compiled model in Keras's style."""
    times, losses = [], []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter() - self.start)
            losses.append(float(logs["loss"]))

    model.fit(images, labels, batch_size=batch, epochs=epochs, shuffle=shuffle, verbose=0, callbacks=[Clock()])
    return times, losses


def fit_and_plan(gradmill, make_model, make_data, batch, epochs):
    """As `fit_epochs` for GradMill, and a dict of what the plan says about the step."""
    benchmark = importlib.import_module("gradmill.benchmark")
    at_start = benchmark.peak_memory_bytes()
    x, y = make_data()
    model = make_model()
    times, losses = fit_epochs(gradmill, model, x, y, batch, epochs, shuffle=False)
    plan = model.plan_for(x[:batch], y[:batch])
    flops, kernel_flops = benchmark.flops_of(plan.costs())
    facts = {
        "planned_bytes": plan.planned_bytes,
        "start_bytes": at_start,
        "data_bytes": x.nbytes + y.nbytes,
        "flops": flops,
        "kernel_flops": kernel_flops,
    }
    return times, losses, facts


def torch_epochs(torch, model, optimizer, images, labels, batch, epochs, shuffle=True):
    """The same of a plain PyTorch loop over tensors."""
    loss_function = torch.nn.CrossEntropyLoss()
    times, losses = [], []
    for _ in range(epochs):
        start, total = time.perf_counter(), 0.0
        order = torch.randperm(len(labels)) if shuffle else None
        for i in range(0, len(labels), batch):
            rows = slice(i, i + batch) if order is None else order[i : i + batch]
            optimizer.zero_grad()
            loss = loss_function(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
        times.append(time.perf_counter() - start)
        losses.append(total / (len(labels) / batch))
    return times, losses
