"""Spellings of Keras 2: own layers and losses with the backend, generators, `lr`, checkpoint prefixes."""

import keras
import numpy as np
from keras import backend as K
from keras.layers import Activation, Conv2D, Conv2DTranspose, Input, Layer, UpSampling2D, concatenate
from keras.models import Model
from keras.optimizers import SGD

import tensorflow as tf


class Scale(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.gain = self.add_weight("gain", shape=[int(input_shape[-1])], initializer="ones", trainable=True)
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.gain


def dice_coef(y_true, y_pred):
    y_true_f, y_pred_f = K.flatten(K.cast(y_true, "float32")), K.flatten(y_pred)
    intersection = K.sum(y_true_f * y_pred_f)
    return (2.0 * intersection + K.epsilon()) / (K.sum(y_true_f) + K.sum(y_pred_f) + K.epsilon())


def dice_loss(y_true, y_pred):
    return 1.0 - dice_coef(y_true, y_pred) + K.mean(K.square(y_true - y_pred))


K.clear_session()
K.set_image_data_format("channels_last")
inputs = Input((16, 16, 1))
down = Conv2D(4, 3, strides=2, padding="same", activation="relu")(inputs)
down = Scale(name="scale")(down)
up = concatenate([UpSampling2D()(down), Conv2DTranspose(4, 3, strides=2, padding="same")(down)], axis=-1)
outputs = Activation("sigmoid")(Conv2D(1, 1)(up))
model = Model(inputs=inputs, outputs=outputs)
shapes = [K.int_shape(outputs), outputs.get_shape().as_list()]
model.compile(
    optimizer=SGD(lr=0.1, momentum=0.95, nesterov=True), loss=dice_loss, metrics=[dice_coef], run_eagerly=False
)


def batches():
    generator = np.random.default_rng(1)
    while True:
        image = generator.normal(size=(8, 16, 16, 1)).astype("float32")
        yield image, (image > 0).astype("float32")


history = model.fit_generator(batches(), steps_per_epoch=10, epochs=6, verbose=0, workers=1, use_multiprocessing=False)
score = model.evaluate_generator(batches(), steps=2, verbose=0)
model.save_weights("checkpoints/net")
K.set_value(model.optimizer.lr, 0.01)
fresh = keras.models.clone_model(model)
fresh.load_weights("checkpoints/net")
example = next(batches())[0]
print(
    "RESULT",
    {
        "shapes": [list(each) for each in shapes],
        "fell": history.history["loss"][-1] < history.history["loss"][0],
        "score": len(score),
        "lr": round(float(K.get_value(model.optimizer.lr)), 4),
        "same": bool(np.allclose(fresh.predict(example, verbose=0), model.predict(example, verbose=0))),
        "gain": [weight.name for weight in model.get_layer("scale").weights],
        "mse": round(float(tf.keras.losses.mse([0.0, 2.0], [0.0, 0.0])), 3),
    },
)
