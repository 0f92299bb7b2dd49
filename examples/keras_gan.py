"""A GAN as Keras 3's guide writes it, on the backend of KERAS_BACKEND (torch or jax). Needs: keras, scikit-learn."""

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
from keras import layers, ops
from sklearn.datasets import load_digits

import ganscope

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=3000)
parser.add_argument("--out", default="runs/keras")
args = parser.parse_args()

digits = load_digits()
x_train = (digits.images[..., None] / 8 - 1).astype("float32")  # (N, 8, 8, 1) in [-1, 1]
latent_dim, batch_size = 32, 64

generator = keras.Sequential([
    keras.Input((latent_dim,)), layers.Dense(128), layers.BatchNormalization(), layers.LeakyReLU(0.2),
    layers.Dense(64, activation="tanh"), layers.Reshape((8, 8, 1)),
])  # fmt: skip
discriminator = keras.Sequential([
    keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(128), layers.LeakyReLU(0.2), layers.Dense(1),
])  # fmt: skip
discriminator.compile(keras.optimizers.Adam(2e-4, 0.5), keras.losses.BinaryCrossentropy(from_logits=True))

# The source system's way, which runs on every backend: G is trained through a D that is held still.
discriminator_frozen = keras.models.clone_model(discriminator)
discriminator_frozen.trainable = False
gan = keras.Sequential([generator, discriminator_frozen])
gan.compile(keras.optimizers.Adam(2e-4, 0.5), keras.losses.BinaryCrossentropy(from_logits=True))
gan.generator = generator

random = keras.random.SeedGenerator(0)
callback = ganscope.callbacks.keras(  # ganscope
    ganscope.watch(x_train, digits.target, out=args.out, objective="non-saturating"),  # ganscope
    latent_shape=latent_dim, batch_size=batch_size,  # ganscope
)  # fmt: skip
callback.set_model(gan)  # ganscope
ones, zeros = ops.ones((batch_size, 1)), ops.zeros((batch_size, 1))
for step in range(args.steps):
    index = ops.convert_to_numpy(keras.random.randint((batch_size,), 0, len(x_train), seed=random))
    z = keras.random.normal((batch_size, latent_dim), seed=random)
    fake = generator.predict_on_batch(z)
    d_loss = 0.5 * discriminator.train_on_batch(x_train[index], ones) + 0.5 * discriminator.train_on_batch(fake, zeros)
    discriminator_frozen.set_weights(discriminator.get_weights())
    g_loss = gan.train_on_batch(keras.random.normal((batch_size, latent_dim), seed=random), ones)
    callback.on_train_batch_end(step, {"g_loss": g_loss, "d_loss": d_loss})  # ganscope; fit() calls it by itself
callback.on_train_end()  # ganscope
