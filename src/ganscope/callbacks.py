"""Watching inside other people's training loops: a callback for Keras and one for Lightning.

    model.fit(…, callbacks=[ganscope.callbacks.keras(scope, latent_shape=128)])
    Trainer(callbacks=[ganscope.callbacks.lightning(scope, latent_shape=(100,))])

Neither library is imported before its callback is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganscope.recorder import Scope

Make = Callable[[Any], Any]
Shape = tuple[int, ...] | int


def keras(scope: Scope, *, latent_shape: Shape, generator: Make | None = None, batch_size: int | None = None) -> Any:
    """A Keras callback: every batch's logs, and a snapshot of `model.generator` whenever one is due.

    Args:
        generator: latents to images; None: the model's `generator`.
        batch_size: images of a step; None: the reals' loader's, else 32, as `fit` has it.
    """
    from keras.callbacks import Callback

    class Watching(Callback):  # type: ignore[misc, valid-type]
        seen, shown = 0, 0

        def show(self) -> None:
            network, self.shown = generator or self.model.generator, self.seen
            scope.snapshot(self.seen, lambda z: network(z), latent_shape=latent_shape)

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            self.seen += batch_size or scope.settings.batch_size or 32
            scope.log(self.seen, **(logs or {}))
            if scope.due(self.seen):
                self.show()

        def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
            if self.seen > self.shown:  # the end is a snapshot, due or not
                self.show()
            scope.close()

    return Watching()


def lightning(scope: Scope, *, latent_shape: Shape, generator: Make | None = None) -> Any:
    """A Lightning callback: what the module logs, and a snapshot of its `generator` whenever one is due.

    Args:
        generator: latents to images; None: the module's `generator`, else the module itself.
    """
    from lightning.pytorch import Callback

    class Watching(Callback):
        seen, shown = 0, 0

        def show(self, module: Any) -> None:
            make, self.shown = generator or getattr(module, "generator", module), self.seen
            scope.snapshot(self.seen, make, latent_shape=latent_shape)

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            if not trainer.is_global_zero:
                return
            images = batch[0] if isinstance(batch, list | tuple) else batch
            images = next(iter(images.values())) if isinstance(images, dict) else images
            total = (trainer.fit_loop.epoch_loop.total_batch_idx + 1) * len(images) * trainer.world_size
            self.seen = max(self.seen, total)  # the last batch of an epoch may be smaller
            scope.log(self.seen, **trainer.callback_metrics)
            if scope.due(self.seen):
                self.show(pl_module)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            if self.seen > self.shown:  # the end is a snapshot, due or not
                self.show(pl_module)
            scope.close()

    return Watching()
