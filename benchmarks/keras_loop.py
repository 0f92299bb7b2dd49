"""The MNIST system's loop in Keras 3 on TensorFlow, as its source trains: `train_on_batch` and `predict_on_batch`."""

from __future__ import annotations

import os

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class KerasLoop:
    """Networks, rates and labels of the `mlp` preset; D on a real and on a fake batch, then G through D.

    Raises:
        ImportError: Keras or TensorFlow is not installed.
    """

    def __init__(self, images: np.ndarray, batch_size: int = 64, threads: int | None = None) -> None:
        import tensorflow

        if threads:
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        import keras

        self.version = f"Keras {keras.__version__}, TensorFlow {tensorflow.__version__}"
        layers, optimizers = keras.layers, keras.optimizers
        self.images = images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1
        self.batch_size, self.rng = batch_size, np.random.default_rng(0)
        self.g = keras.Sequential(
            [keras.Input((100,)), layers.Dense(128), layers.LeakyReLU(0.01), layers.Dense(784, activation="tanh")]
        )
        self.d = keras.Sequential(
            [keras.Input((784,)), layers.Dense(128), layers.LeakyReLU(0.01), layers.Dense(1, activation="sigmoid")]
        )
        self.d.compile(optimizer=optimizers.Adam(1e-3), loss="binary_crossentropy")
        # Keras fixes what a model trains when its first batch comes: D's whole network here, G's alone below.
        self.d.train_on_batch(self.images[:batch_size], np.full((batch_size, 1), 0.9, np.float32))
        self.d.trainable = False
        self.pair = keras.Sequential([self.g, self.d])
        self.pair.compile(optimizer=optimizers.Adam(1e-4), loss="binary_crossentropy")
        before = [weight.copy() for weight in self.d.get_weights()]
        self.pair.train_on_batch(self.latents(), np.ones((batch_size, 1), np.float32))
        after_g = self.d.get_weights()
        self.step()
        assert all(np.array_equal(a, b) for a, b in zip(before, after_g, strict=True)), "G's step moved D"
        assert not np.array_equal(after_g[0], self.d.get_weights()[0]), "D's step left D as it was"

    def latents(self) -> np.ndarray:
        return self.rng.standard_normal((self.batch_size, 100), dtype=np.float32)

    def step(self) -> tuple[float, float]:
        """The losses of D and G."""
        real = self.images[self.rng.integers(0, len(self.images), self.batch_size)]
        fake = self.g.predict_on_batch(self.latents())
        d_real = self.d.train_on_batch(real, np.full((self.batch_size, 1), 0.9, np.float32))
        d_fake = self.d.train_on_batch(fake, np.zeros((self.batch_size, 1), np.float32))
        g_loss = self.pair.train_on_batch(self.latents(), np.ones((self.batch_size, 1), np.float32))
        return float(d_real + d_fake), float(g_loss)
