"""Sounds of two kinds in WAV files: their spectrograms, and a small network that tells them apart."""

import pathlib
import tempfile

import numpy as np
from tensorflow.keras import layers, models

import tensorflow as tf

tf.keras.utils.set_random_seed(3)
folder = pathlib.Path(tempfile.mkdtemp())
generator = np.random.default_rng(0)
for kind, pitch in (("high", 1700.0), ("low", 300.0)):
    (folder / kind).mkdir()
    for number in range(24):
        places = np.arange(3500 + 20 * number) / 8000
        wave = 0.5 * np.sin(2 * np.pi * pitch * places) + 0.1 * generator.normal(size=len(places))
        contents = tf.audio.encode_wav(wave[:, None].astype("float32"), 8000)
        tf.io.write_file(str(folder / kind / f"{number}.wav"), contents)

train, held_back = tf.keras.utils.audio_dataset_from_directory(
    folder, batch_size=8, validation_split=0.25, seed=0, output_sequence_length=4000, subset="both"
)
names = np.array(train.class_names)


def squeeze(audio, labels):
    return tf.squeeze(audio, axis=-1), labels


def spectrogram_of(waveform):
    spectrogram = tf.signal.stft(waveform, frame_length=255, frame_step=128)
    return tf.abs(spectrogram)[..., tf.newaxis]


def spectrograms_of(dataset):
    return dataset.map(
        map_func=lambda audio, label: (spectrogram_of(audio), label), num_parallel_calls=tf.data.AUTOTUNE
    )


train, held_back = train.map(squeeze, tf.data.AUTOTUNE), held_back.map(squeeze, tf.data.AUTOTUNE)
train = spectrograms_of(train).cache().shuffle(100).prefetch(tf.data.AUTOTUNE)
held_back = spectrograms_of(held_back).cache().prefetch(tf.data.AUTOTUNE)
for example, _ in train.take(1):
    input_shape = example.shape[1:]

norm_layer = layers.Normalization()
norm_layer.adapt(data=train.map(map_func=lambda spectrogram, label: spectrogram))
model = models.Sequential([
    layers.Input(shape=input_shape),
    layers.Resizing(16, 16),
    norm_layer,
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(len(names)),
])  # fmt: skip
model.compile(
    optimizer=tf.keras.optimizers.Adam(0.01),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train, validation_data=held_back, epochs=3, verbose=0)

x = tf.io.read_file(str(folder / "low" / "3.wav"))
x, rate = tf.audio.decode_wav(x, desired_channels=1, desired_samples=4000)
x = spectrogram_of(tf.squeeze(x, axis=-1))[tf.newaxis, ...]
found = names[int(tf.argmax(model(x), axis=-1)[0])]
print("RESULT", {
    "shape": tuple(input_shape), "names": list(map(str, names)), "rate": int(rate), "found": str(found),
    "accuracy": model.evaluate(held_back, return_dict=True, verbose=0)["accuracy"],
})  # fmt: skip
