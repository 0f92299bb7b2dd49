"""Hand-written forward and backward passes of a one-hidden-layer pair, into buffers that are reused.

At 28×28 an iteration of such a pair has little arithmetic and some two hundred small operations; autograd's bookkeeping
and the allocation of gradients cost more than the products (docs/log.md). Legend: N images, P = C·H·W pixels, Z latent
numbers, K hidden units. In float32 equal to autograd up to rounding; a test compares them for every objective.

In bf16 the factors of every product with P pixels are rounded, and its result; weights, sums, activations, logits and
losses stay in float32. The products with Z alone are too small to gain.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ganscope.config import Config
from ganscope.networks import LEAKY_SLOPE, MlpDiscriminator, MlpGenerator

_leaky_relu_backward = torch.ops.aten.leaky_relu_backward
_tanh_backward = torch.ops.aten.tanh_backward


def can_write_out(config: Config) -> bool:
    """Whether this file has the passes: perceptrons whose D is judged by its logits alone, reals and fakes apart."""
    plain = config.pack == 1 and not (config.spectral_norm or config.instance_noise) and config.augment == "none"
    penalised = config.r1 or config.r2 or config.gradient_penalty or config.objective == "relativistic"
    return config.network == "mlp" and plain and not penalised and not config.conditional


class Perceptrons:
    """G and D with one hidden layer each, for batches of one size; `dtype` is of the factors of products."""

    def __init__(
        self, g: MlpGenerator, d: MlpDiscriminator, batch_size: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.g, self.d, self.batch_size, self.shape, self.dtype = g, d, batch_size, g.shape, dtype
        weight = g.output.weight

        def buffer(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.empty(*shape, dtype=dtype, device=weight.device)

        pixels = math.prod(g.shape)
        self.images = buffer(2 * batch_size, pixels, dtype=dtype)  # reals, then fakes
        self.fakes = self.images[batch_size:] if dtype == torch.float32 else buffer(batch_size, pixels)
        self.image_gradients = buffer(batch_size, pixels, dtype=dtype)
        self.d_hidden, self.d_hidden_gradients = (buffer(2 * batch_size, d.hidden.out_features) for _ in range(2))
        self.g_hidden, self.g_hidden_gradients = (buffer(batch_size, g.hidden.out_features) for _ in range(2))
        self.z = buffer(batch_size, g.hidden.in_features)
        # The large weights as factors, as the last pass used them.
        self.g_factor, self.d_factor = g.output.weight.detach(), d.hidden.weight.detach()

    @torch.no_grad()
    def generate(self, z: Tensor) -> Tensor:
        """`(N, Z)` latents → `(N, C, H, W) float32` images, in a buffer that the next call overwrites."""
        g, fakes = self.g, self.fakes
        self.z.copy_(z)
        torch.addmm(g.hidden.bias, self.z, g.hidden.weight.t(), out=self.g_hidden)
        nn.functional.leaky_relu_(self.g_hidden, LEAKY_SLOPE)
        self.g_factor = g.output.weight.to(self.dtype)
        self._affine(self.g_hidden.to(self.dtype), self.g_factor, g.output.bias, fakes)
        # tanh(x) = 2 sigmoid(2x) - 1 to float32 rounding of 1; the vectorised sigmoid is five times as fast as tanh.
        fakes.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
        if self.dtype != torch.float32:
            self.images[self.batch_size :].copy_(fakes)
        return fakes.view(-1, *self.shape)

    @torch.no_grad()
    def discriminate(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """D's logits `(N,) float32` of `real` and of the last fakes."""
        self.images[: self.batch_size].copy_(real.flatten(1))
        logits = self._discriminate(self.images, self.d_hidden)
        return logits[: self.batch_size], logits[self.batch_size :]

    @torch.no_grad()
    def discriminate_fakes(self) -> Tensor:
        """D's logits `(N,) float32` of the last fakes."""
        return self._discriminate(self.images[self.batch_size :], self.d_hidden[: self.batch_size])

    @torch.no_grad()
    def d_backward(self, real_slopes: Tensor, fake_slopes: Tensor) -> None:
        """Put D's gradients into its parameters, from the loss's slopes `(N,)` by `discriminate`'s logits."""
        slopes = torch.cat([real_slopes, fake_slopes])
        self._into_hidden(slopes, self.d_hidden, self.d_hidden_gradients)
        gradients = _gradients(self.d)
        self._product(self.d_hidden_gradients.to(self.dtype).t(), self.images, gradients[0])
        torch.sum(self.d_hidden_gradients, 0, out=gradients[1])
        torch.mm(slopes[None], self.d_hidden, out=gradients[2])
        torch.sum(slopes, 0, keepdim=True, out=gradients[3])

    @torch.no_grad()
    def g_backward(self, slopes: Tensor) -> None:
        """Put G's gradients into its parameters, from the loss's slopes `(N,)` by `discriminate_fakes`' logits."""
        fakes, count = self.images[self.batch_size :], self.batch_size
        hidden_gradients = self.d_hidden_gradients[:count]
        self._into_hidden(slopes, self.d_hidden[:count], hidden_gradients)
        torch.mm(hidden_gradients.to(self.dtype), self.d_factor, out=self.image_gradients)
        _tanh_backward.grad_input(self.image_gradients, fakes, grad_input=self.image_gradients)
        gradients = _gradients(self.g)
        self._product(self.image_gradients.t(), self.g_hidden.to(self.dtype), gradients[2])
        torch.sum(self.image_gradients, 0, dtype=torch.float32, out=gradients[3])
        self._product(self.image_gradients, self.g_factor, self.g_hidden_gradients)
        _leaky_relu_backward.grad_input(
            self.g_hidden_gradients, self.g_hidden, LEAKY_SLOPE, True, grad_input=self.g_hidden_gradients
        )
        torch.mm(self.g_hidden_gradients.t(), self.z, out=gradients[0])
        torch.sum(self.g_hidden_gradients, 0, out=gradients[1])

    def _discriminate(self, images: Tensor, hidden: Tensor) -> Tensor:
        """D's logits `(N,)` of `(N, P)` images, its hidden units left in `hidden`."""
        self.d_factor = self.d.hidden.weight.to(self.dtype)
        self._affine(images, self.d_factor, self.d.hidden.bias, hidden)
        nn.functional.leaky_relu_(hidden, LEAKY_SLOPE)
        return torch.addmv(self.d.output.bias, hidden, self.d.output.weight[0])

    def _into_hidden(self, slopes: Tensor, hidden: Tensor, out: Tensor) -> None:
        """From the loss's slopes by logit `(N,)` to those by D's hidden sums `(N, K)`."""
        torch.mul(slopes[:, None], self.d.output.weight, out=out)
        # The last argument: `hidden` is the activation's result, of the same sign as its input.
        _leaky_relu_backward.grad_input(out, hidden, LEAKY_SLOPE, True, grad_input=out)

    def _affine(self, x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """x·weightᵀ + bias into `out`, float32."""
        if self.dtype == torch.float32:
            torch.addmm(bias, x, weight.t(), out=out)
        else:
            torch.add(torch.mm(x, weight.t()), bias, out=out)

    def _product(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        """a·b into `out`, float32."""
        if self.dtype == torch.float32:
            torch.mm(a, b, out=out)
        else:
            out.copy_(torch.mm(a, b))


def _gradients(network: MlpGenerator | MlpDiscriminator) -> list[Tensor]:
    """The `.grad` of hidden weight and bias, output weight and bias, made where there is none."""
    layers = (network.hidden, network.output)
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.empty_like(parameter)
    return [parameter.grad for parameter in parameters if parameter.grad is not None]
