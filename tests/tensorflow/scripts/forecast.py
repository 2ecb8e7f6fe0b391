"""A window of hours before, some hours after: the time series tutorial's WindowGenerator."""

import numpy as np

import tensorflow as tf

tf.keras.utils.set_random_seed(3)
hours = np.arange(600)
series = np.stack([np.sin(hours / 6), np.cos(hours / 6), hours / 600], axis=1).astype("float32")
columns = {"temperature": 0, "wind": 1, "year": 2}
parts = {"train": series[:420], "val": series[420:540], "test": series[540:]}


class WindowGenerator:
    def __init__(self, input_width, label_width, shift, label_columns=None):
        self.label_columns = label_columns
        self.input_width, self.label_width, self.shift = input_width, label_width, shift
        self.total_window_size = input_width + shift
        self.input_slice = slice(0, input_width)
        self.label_start = self.total_window_size - label_width
        self.labels_slice = slice(self.label_start, None)

    def split_window(self, features):
        inputs = features[:, self.input_slice, :]
        labels = features[:, self.labels_slice, :]
        if self.label_columns is not None:
            labels = tf.stack([labels[:, :, columns[name]] for name in self.label_columns], axis=-1)
        inputs.set_shape([None, self.input_width, None])
        labels.set_shape([None, self.label_width, None])
        return inputs, labels

    def make_dataset(self, data):
        data = np.array(data, dtype=np.float32)
        ds = tf.keras.utils.timeseries_dataset_from_array(
            data=data, targets=None, sequence_length=self.total_window_size, sequence_stride=1, shuffle=True,
            batch_size=32,
        )
        return ds.map(self.split_window)

    @property
    def train(self):
        return self.make_dataset(parts["train"])

    @property
    def val(self):
        return self.make_dataset(parts["val"])


window = WindowGenerator(input_width=24, label_width=6, shift=6, label_columns=["temperature"])
for inputs, labels in window.train.take(1):
    shapes = [inputs.shape.as_list(), labels.shape.as_list()]


class Baseline(tf.keras.Model):
    def __init__(self, label_index=None):
        super().__init__()
        self.label_index = label_index

    def call(self, inputs):
        if self.label_index is None:
            return inputs
        result = inputs[:, -6:, self.label_index]
        return result[:, :, tf.newaxis]


class FeedBack(tf.keras.Model):
    def __init__(self, units, out_steps):
        super().__init__()
        self.out_steps = out_steps
        self.lstm_cell = tf.keras.layers.LSTMCell(units)
        self.lstm_rnn = tf.keras.layers.RNN(self.lstm_cell, return_state=True)
        self.dense = tf.keras.layers.Dense(3)

    def warmup(self, inputs):
        x, *state = self.lstm_rnn(inputs)
        prediction = self.dense(x)
        return prediction, state

    def call(self, inputs, training=None):
        predictions = []
        prediction, state = self.warmup(inputs)
        predictions.append(prediction)
        for _ in range(1, self.out_steps):
            x = prediction
            x, state = self.lstm_cell(x, states=state, training=training)
            prediction = self.dense(x)
            predictions.append(prediction)
        predictions = tf.stack(predictions)
        return tf.transpose(predictions, [1, 0, 2])[:, :, :1]


def compile_and_fit(model, patience=2, epochs=8):
    early_stopping = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, mode="min")
    model.compile(
        loss=tf.keras.losses.MeanSquaredError(), optimizer=tf.keras.optimizers.Adam(0.01),
        metrics=[tf.keras.metrics.MeanAbsoluteError()],
    )
    return model.fit(window.train, epochs=epochs, validation_data=window.val, callbacks=[early_stopping], verbose=0)


baseline = Baseline(label_index=0)
baseline.compile(loss=tf.keras.losses.MeanSquaredError(), metrics=[tf.keras.metrics.MeanAbsoluteError()])
before = baseline.evaluate(window.val, verbose=0, return_dict=True)["mean_absolute_error"]
multi = tf.keras.Sequential([
    tf.keras.layers.LSTM(16, return_sequences=False),
    tf.keras.layers.Dense(6, kernel_initializer=tf.initializers.zeros()),
    tf.keras.layers.Reshape([6, 1]),
])
history = compile_and_fit(multi)
feedback = FeedBack(units=12, out_steps=6)
second = compile_and_fit(feedback, epochs=3)
better = history.history["val_mean_absolute_error"][-1] < before
fell = second.history["loss"][-1] < second.history["loss"][0]
print("RESULT", {"shapes": shapes, "better": bool(better), "fell": bool(fell)})
