"""A table of patients: columns of numbers, codes and words, encoded by a FeatureSpace for training and for answers."""

import csv

import keras
import numpy as np
from keras.utils import FeatureSpace

import tensorflow as tf

keras.utils.set_random_seed(5)
generator = np.random.default_rng(5)
COUNT = 400
columns = {
    "age": generator.integers(25, 80, COUNT),
    "smoker": generator.integers(0, 2, COUNT),
    "pain": generator.integers(0, 5, COUNT),
    "pressure": generator.normal(130, 18, COUNT).round(1),
    "rest": generator.normal(70, 9, COUNT).round(),
    "slope": generator.normal(1, 0.8, COUNT).round(2),
    "finding": generator.choice(["none", "fixed", "reversible"], COUNT),
}
risk = 0.06 * (columns["age"] - 52) + columns["smoker"] + 1.4 * (columns["finding"] == "reversible") - 1
risk = risk + 0.03 * (columns["pressure"] - 130) + 0.8 * ((columns["pain"] == 3) & (columns["smoker"] == 1))
columns["target"] = (risk + generator.normal(0, 0.3, COUNT) > 0).astype(int)
with open("patients.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))

with open("patients.csv", newline="") as file:
    rows = list(csv.DictReader(file))
KINDS = {"age": int, "smoker": int, "pain": int, "pressure": float, "rest": float, "slope": float, "finding": str}
table = {name: np.array([kind(row[name]) for row in rows]) for name, kind in KINDS.items()}
labels = np.array([int(row["target"]) for row in rows])
held = generator.permutation(COUNT) < 80


def dataset_of(chosen):
    pairs = ({name: column[chosen] for name, column in table.items()}, labels[chosen])
    return tf.data.Dataset.from_tensor_slices(pairs).shuffle(int(chosen.sum()), seed=0)


train_ds, val_ds = dataset_of(~held), dataset_of(held)
for x, y in train_ds.take(1):
    print("Input:", {name: value.numpy() for name, value in x.items()})
    print("Target:", y.numpy())
train_ds, val_ds = train_ds.batch(32), val_ds.batch(32)

feature_space = FeatureSpace(
    features={
        "smoker": "integer_categorical",
        "pain": FeatureSpace.integer_categorical(num_oov_indices=0),
        "finding": "string_categorical",
        "age": FeatureSpace.float_discretized(num_bins=12),
        "pressure": "float_normalized",
        "rest": FeatureSpace.float_normalized(),
        "slope": FeatureSpace.float_rescaled(scale=0.5),
    },
    crosses=[
        FeatureSpace.cross(feature_names=("smoker", "pain"), crossing_dim=32),
        ("finding", "age"),
    ],
    crossing_dim=48,
    output_mode="concat",
)
feature_space.adapt(train_ds.map(lambda x, _: x))
for x, _ in train_ds.take(1):
    encoded = feature_space(x)
    print("encoded.shape:", encoded.shape, encoded.dtype)

encoded_train = train_ds.map(lambda x, y: (feature_space(x), y), num_parallel_calls=tf.data.AUTOTUNE)
encoded_train = encoded_train.prefetch(tf.data.AUTOTUNE)
encoded_val = val_ds.map(lambda x, y: (feature_space(x), y), num_parallel_calls=tf.data.AUTOTUNE)

inputs = feature_space.get_inputs()
features = feature_space.get_encoded_features()
hidden = keras.layers.Dense(32, activation="relu")(features)
hidden = keras.layers.Dropout(0.3)(hidden)
predictions = keras.layers.Dense(1, activation="sigmoid")(hidden)
training_model = keras.Model(inputs=features, outputs=predictions)
training_model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
inference_model = keras.Model(inputs=inputs, outputs=predictions)
history = training_model.fit(encoded_train, epochs=15, validation_data=encoded_val, verbose=0).history

patient = {
    "age": 78, "smoker": 1, "pain": 3, "pressure": 165.5, "rest": 71.0, "slope": 0.4, "finding": "reversible",
}  # fmt: skip
healthy = {**patient, "age": 27, "smoker": 0, "pain": 1, "pressure": 101.0, "finding": "none"}
answers = []
for sample in (patient, healthy):
    input_dict = {name: tf.convert_to_tensor([value]) for name, value in sample.items()}
    answers.append(float(inference_model.predict(input_dict, verbose=0)[0, 0]))
    print(f"This patient has a {100 * answers[-1]:.1f} % risk.")

feature_space.save("space.keras")
inference_model.save("whole.keras")
again = keras.models.load_model("space.keras")
whole = keras.models.load_model("whole.keras")
print(
    "RESULT",
    {
        "size": tuple(encoded.shape), "accuracy": history["val_accuracy"][-1], "fell": history["loss"][-1] < 0.4,
        "answers": [answers[0] > 0.9, answers[1] < 0.1], "alone": feature_space(patient).shape[0],
        "same": bool(np.array_equal(again(patient), feature_space(patient))),
        "whole": abs(float(whole.predict(input_dict, verbose=0)[0, 0]) - answers[1]) < 1e-6,
    },
)
