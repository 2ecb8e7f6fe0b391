"""Evaluation of averaged weights, and logs sent to a server."""

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

import gradmill as gm

X = np.random.RandomState(0).normal(size=(24, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]]).astype("float32")
RATE, MOMENTUM, EPOCHS = 0.1, 0.8, 3


def trained_by_hand():
    """Weights and their averages after each step of gradient descent over all samples."""
    weight, average, found = np.zeros((3, 1)), None, []
    for _ in range(EPOCHS):
        weight = weight - RATE * 2.0 * X.T @ (X @ weight - Y) / len(X)
        average = weight if average is None else MOMENTUM * average + (1 - MOMENTUM) * weight
        found.append((weight, average))
    return found


class Watcher(gm.callbacks.Callback):
    """Notes the weight of the model at each call."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def note(self, moment):
        self.seen.setdefault(moment, []).append(self.model.get_weights()[0])

    def on_epoch_begin(self, epoch, logs=None):
        self.note("epoch begin")

    def on_test_batch_end(self, batch, logs=None):
        self.note("test")

    def on_epoch_end(self, epoch, logs=None):
        self.note("epoch end")


def fitted(swap_on_epoch, optimizer):
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizer, "mse")
    watcher = Watcher()
    swap = gm.callbacks.SwapEMAWeights(swap_on_epoch)
    options = {"batch_size": 24, "epochs": EPOCHS, "validation_data": (X, Y), "verbose": 0}
    history = model.fit(X, Y, callbacks=[swap, watcher], **options)
    return model, watcher.seen, history.history


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_are_evaluated_and_weights_trained(swap_on_epoch, scaled):
    optimizer = gm.optimizers.SGD(RATE, use_ema=True, ema_momentum=MOMENTUM)
    if scaled:
        optimizer = gm.optimizers.LossScaleOptimizer(optimizer, initial_scale=4.0)
    model, seen, history = fitted(swap_on_epoch, optimizer)
    weights, averages = zip(*trained_by_hand())
    np.testing.assert_allclose(seen["test"], averages, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(seen["epoch begin"], [np.zeros((3, 1)), *weights[:-1]], rtol=1e-4, atol=1e-6)
    at_end = averages if swap_on_epoch else weights
    np.testing.assert_allclose(seen["epoch end"], at_end, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(history["val_loss"], [np.mean((X @ each - Y) ** 2) for each in averages], rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0], averages[-1], rtol=1e-4, atol=1e-6)


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(gm.errors.ArgumentError, match="use_ema=True.*SGD"):
        fitted(False, gm.optimizers.SGD(RATE))


@pytest.fixture
def server():
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers["Content-Type"], self.headers["X-Run"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("as_json", [False, True])
def test_logs_reach_a_server(server, as_json):
    root, received = server
    monitor = gm.callbacks.RemoteMonitor(root, field="logs", headers={"X-Run": "7"}, send_as_json=as_json)
    monitor.on_epoch_end(3, {"loss": np.float32(0.5), "rate": 0.25})
    ((path, kind, run, body),) = received
    text = body if as_json else urllib.parse.parse_qs(body)["logs"][0]
    assert (path, run, json.loads(text)) == ("/publish/epoch/end/", "7", {"epoch": 3, "loss": 0.5, "rate": 0.25})
    assert kind == ("application/json" if as_json else "application/x-www-form-urlencoded")


def test_a_server_that_is_not_there_is_a_warning():
    with pytest.warns(UserWarning, match="could not reach the server at http://127.0.0.1:1"):
        gm.callbacks.RemoteMonitor("http://127.0.0.1:1").on_epoch_end(0, {"loss": 1.0})
