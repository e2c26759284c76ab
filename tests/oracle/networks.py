#!/usr/bin/env python3
"""Ten-step training trajectories of networks that are no chains, by PyTorch's autograd.

    /usr/bin/python3 tests/oracle/networks.py           writes networks.h beside this file
    /usr/bin/python3 tests/oracle/networks.py --check   tells whether networks.h is up to date

A residual network, a U-Net of dense layers, autoencoders with tied weights, every activation, layers of pictures and
signals, batch normalization. Each is there twice: as the text that the library reads, and as a function with PyTorch's own
layers. Losses, optimizers, data and what is asked of them are those of trajectories.py.
"""

import sys

import torch
from torch.nn import functional
from torch.nn.functional import linear

import table
import trajectories
from philox_reference import uniform
from trajectories import (BATCH, CHOSEN, INPUT_STREAM, MARGIN, OPTIMIZERS, PARAMETER_STREAM, STEPS,
                          TARGET_STREAM, Optimizer, flat, loss_of, row, rows)


class Run:
    """One forward pass: hands out the parameters in order, and notes how close values come to a kink."""

    def __init__(self, parameters):
        self.left = list(parameters)
        self.statistics = []
        self.distance = float("inf")

    def next(self):
        return self.left.pop(0)

    def activate(self, name, z):
        self.logits = z
        if name in ("relu", "leaky_relu"):
            self.distance = min(self.distance, z.abs().min().item() / MARGIN)
        if name == "leaky_relu":
            return torch.nn.functional.leaky_relu(z, 0.1)
        return z if name == "linear" else getattr(torch, name)(z)

    def dense(self, x, activation="linear"):
        weight, bias = self.next(), self.next()
        self.weight = weight
        return self.activate(activation, linear(x, weight, bias))

    def prelu(self, x):
        self.distance = min(self.distance, x.abs().min().item() / MARGIN)
        return functional.prelu(x, self.next())

    def max_pool(self, pool, x, size):
        """Kinks are where the two greatest values of a window are equal."""
        y = pool(x, size)
        wide = functional.interpolate(y, scale_factor=size, mode="nearest")
        others = torch.where(x == wide, torch.full_like(x, -1e3), x)
        self.distance = min(self.distance, (y - pool(others, size)).min().item() / MARGIN)
        return y

    def conv(self, layer, x, activation="linear", **options):
        return self.activate(activation, layer(x, self.next(), self.next(), **options))

    def batch_norm(self, x, **options):
        weight, bias, mean, variance = [self.next() for _ in range(4)]
        self.statistics += [mean, variance]
        return functional.batch_norm(x, mean.detach(), variance.detach(), weight, bias, training=True, **options)

    def tied(self, x, weight, activation="linear"):
        return self.activate(activation, linear(x, weight.T, self.next()))


def residual(run, x):
    h = run.dense(x, "tanh")
    g = run.activate("relu", run.dense(run.dense(h, "relu")) + h)
    noise = run.dense(g)
    return x - noise


def unet(run, x):
    e1 = run.dense(x, "relu")
    e2 = run.dense(e1, "relu")
    e3 = run.dense(e2, "leaky_relu")
    code = run.dense(e3, "tanh")
    d = run.dense(code, "relu")
    d = run.dense(torch.cat([d, e3, code], dim=1), "relu")
    d = run.dense(torch.cat([d, e2, code], dim=1), "relu")
    return run.dense(torch.cat([d, e1], dim=1), "sigmoid")


def tied(run, x):
    h = run.dense(x, "sigmoid")
    return run.tied(h, run.weight, "sigmoid")


def stacked(run, x):
    weights, activations = [], ("tanh", "relu", "tanh")
    for activation in activations:
        x = run.dense(x, activation)
        weights.append(run.weight)
    x = run.tied(x, weights[2], "relu")
    x = run.tied(x, weights[1], "tanh")
    return run.tied(x, weights[0])


def twice(run, x):
    h = run.dense(x, "tanh")
    weight = run.weight
    y = run.tied(h, weight, "tanh")
    gain = run.next()
    z = linear(h * gain, weight.T)
    return z + y


def activations(run, x):
    x = functional.elu(run.dense(x), 0.75)
    x = functional.gelu(run.dense(x))
    x = functional.gelu(run.dense(x), approximate="tanh")
    x = functional.silu(run.dense(x))
    x = functional.softplus(run.dense(x))
    x = functional.hardsigmoid(run.dense(x))
    x = functional.softsign(run.dense(x))
    x = run.dense(x)
    return torch.softmax(run.prelu(x), dim=1)


def picture(run, x):
    batch = x.shape[0]
    a = run.dense(x, "tanh").view(batch, 2, 4, 6)
    x = run.prelu(run.max_pool(functional.max_pool2d, a, 2))
    x = functional.pad(x, (1, 1, 1, 1), mode="reflect")
    x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    x = functional.avg_pool2d(x, 4, stride=2)
    x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    x = functional.silu(x)
    x = functional.pixel_shuffle(torch.cat([x, x], dim=1), 2)
    x = functional.interpolate(x, scale_factor=2, mode="nearest")
    x = torch.softmax(functional.pixel_unshuffle(x, 2), dim=1)
    x = functional.pad(functional.pad(x, (1, 1, 1, 1)), (-2, -2, -2, -2))
    return run.dense(x.flatten(1))


def signal(run, x):
    batch = x.shape[0]
    a = run.dense(x, "tanh").view(batch, 4, 6)
    x = run.max_pool(functional.max_pool1d, a, 2)
    x = functional.interpolate(x, scale_factor=3, mode="linear", align_corners=False)
    x = functional.avg_pool1d(functional.pad(x, (2, 2), mode="reflect"), 3, stride=2)
    x = run.prelu(functional.pad(x, (1, 1), mode="replicate"))
    x = torch.softmax(functional.interpolate(x, scale_factor=2, mode="nearest"), dim=1)
    return run.dense(functional.pad(x, (-2, -2)).flatten(1))


def conv_autoencoder(run, x):
    """The form of Keras' documentation, small."""
    x = x.view(-1, 1, 8, 8)
    x = run.max_pool(functional.max_pool2d, run.conv(functional.conv2d, x, "tanh", padding=1), 2)
    x = run.max_pool(functional.max_pool2d, run.conv(functional.conv2d, x, "tanh", padding=1), 2)
    x = run.conv(functional.conv_transpose2d, x, "relu", stride=2)[:, :, :4, :4]
    x = run.conv(functional.conv_transpose2d, x, "tanh", stride=2, padding=1, output_padding=1)
    return run.conv(functional.conv2d, x, "sigmoid", padding=1).flatten(1)


def conv_residual(run, x):
    x = x.view(-1, 1, 6, 7)
    y = run.conv(functional.conv2d, x, "relu", padding=1)
    y = run.conv(functional.conv2d, y, "tanh", padding=2, dilation=2)
    y = functional.conv2d(y, run.next(), padding=1)
    return (x - y).flatten(1)


def conv_unet(run, x):
    x = x.view(-1, 1, 8, 8)
    e1 = run.conv(functional.conv2d, x, "tanh", padding=1)
    e2 = run.conv(functional.conv2d, run.max_pool(functional.max_pool2d, e1, 2), "tanh", padding=1)
    code = run.conv(functional.conv2d, functional.pad(e2, (1, 1, 1, 1), mode="reflect"), "relu", stride=2)
    y = torch.cat([functional.interpolate(code, scale_factor=2, mode="nearest"), e2], dim=1)
    y = run.conv(functional.conv2d, y, "tanh", padding=1, groups=2)
    y = torch.cat([run.conv(functional.conv_transpose2d, y, stride=2), e1], dim=1)
    return run.conv(functional.conv2d, y, "sigmoid").flatten(1)


def conv_signal(run, x):
    x = x.view(-1, 1, 20)
    y = run.conv(functional.conv1d, functional.pad(x, (4, 4), mode="replicate"), "tanh")
    y = run.conv(functional.conv1d, y, "tanh", stride=2, padding=1)
    y = run.conv(functional.conv1d, y, "tanh", padding=2, groups=4)
    y = run.conv(functional.conv_transpose1d, y, "tanh", stride=2, padding=1)
    return run.conv(functional.conv1d, y, padding=1).flatten(1)


def batch_norm(run, x):
    x = run.batch_norm(x).view(-1, 2, 4, 5)
    y = run.activate("relu", run.batch_norm(functional.conv2d(x, run.next(), padding=1)))
    y = run.batch_norm(run.conv(functional.conv2d, y, "tanh", padding=1).view(-1, 3, 20), momentum=0.3, eps=0.01)
    y = run.activate("tanh", run.batch_norm(linear(y.flatten(1), run.next())))
    return run.dense(y)


# Name: (function, what the last activation is, text, inputs, outputs, shapes of the parameters)
NETWORKS = {
    "residual": (residual, "linear",
                 "input(10) | dense(8, activation=tanh) as h | dense(7, activation=relu) | dense(8) | add(h)"
                 " | relu | dense(10) as noise | from(input) | subtract(noise)", 10, 10,
                 [(8, 10), (8,), (7, 8), (7,), (8, 7), (8,), (10, 8), (10,)]),
    "unet": (unet, "sigmoid",
             "input(12) | dense(10, activation=relu) as e1 | dense(8, activation=relu) as e2"
             " | dense(6, activation=leaky_relu(0.1)) as e3 | dense(4, activation=tanh) as code"
             " | dense(6, activation=relu) | concatenate(e3, code) | dense(8, activation=relu)"
             " | concatenate(e2, code) | dense(10, activation=relu) | concatenate(e1)"
             " | dense(12, activation=sigmoid)", 12, 12,
             [(10, 12), (10,), (8, 10), (8,), (6, 8), (6,), (4, 6), (4,), (6, 4), (6,), (8, 16), (8,),
              (10, 20), (10,), (12, 20), (12,)]),
    "tied": (tied, "sigmoid",
             "input(9) | dense(5, activation=sigmoid) as h | dense(tied=h, activation=sigmoid)", 9, 9,
             [(5, 9), (5,), (9,)]),
    "stacked": (stacked, "linear",
                "input(9) | dense(7, activation=tanh) as h1 | dense(6, activation=relu) as h2"
                " | dense(4, activation=tanh) as h3 | dense(tied=h3, activation=relu)"
                " | dense(tied=h2, activation=tanh) | dense(tied=h1)", 9, 9,
                [(7, 9), (7,), (6, 7), (6,), (4, 6), (4,), (6,), (7,), (9,)]),
    "twice": (twice, "linear",
              "input(8) | dense(5, activation=tanh) as h | dense(tied=h, activation=tanh) as y | from(h)"
              " | gain | dense(tied=h, bias=no) | add(y)", 8, 8, [(5, 8), (5,), (8,), (5,)]),
    "activations": (activations, "linear",
                    "input(8) | dense(7, activation=elu(0.75)) | dense(6) | gelu | dense(5) | gelu(tanh=yes)"
                    " | dense(6, activation=silu) | dense(7, activation=softplus) | dense(6, activation=hard_sigmoid)"
                    " | dense(5, activation=softsign) | dense(8) | prelu | softmax", 8, 8,
                    [(7, 8), (7,), (6, 7), (6,), (5, 6), (5,), (6, 5), (6,), (7, 6), (7,), (6, 7), (6,), (5, 6),
                     (5,), (8, 5), (8,), (8,)]),
    "picture": (picture, "linear",
                "input(8) | dense(48, activation=tanh) | reshape(2, 4, 6) | max_pool(2) | prelu | pad(1, mode=reflect)"
                " | upsample(2, method=bilinear) | average_pool(4, stride=2) | pad(1, mode=replicate) | silu as s"
                " | concatenate(s) | depth_to_space(2) | upsample(2) | space_to_depth(2) | softmax | pad(1) | crop(2)"
                " | dense(8)", 8, 8, [(48, 8), (48,), (2,), (8, 320), (8,)]),
    "signal": (signal, "linear",
               "input(8) | dense(24, activation=tanh) | reshape(4, 6) | max_pool(2) | upsample(3, method=bilinear)"
               " | pad(2, mode=reflect) | average_pool(3, stride=2) | pad(1, mode=replicate) | prelu | upsample(2)"
               " | softmax | crop(2) | dense(8)", 8, 8, [(24, 8), (24,), (4,), (8, 48), (8,)]),
    "conv_autoencoder": (conv_autoencoder, "sigmoid",
                         "input(1, 8, 8) | conv2d(4, 3, activation=tanh) | max_pool(2) | conv2d(3, 3, activation=tanh)"
                         " | max_pool(2) | conv2d_transpose(3, 3, stride=2, activation=relu)"
                         " | conv2d_transpose(4, 3, stride=2, padding=1, output_padding=1, activation=tanh)"
                         " | conv2d(1, 3, activation=sigmoid) | flatten", 64, 64,
                         [(4, 1, 3, 3), (4,), (3, 4, 3, 3), (3,), (3, 3, 3, 3), (3,), (3, 4, 3, 3), (4,), (1, 4, 3, 3), (1,)]),
    "conv_residual": (conv_residual, "linear",
                      "input(1, 6, 7) | conv2d(4, 3, activation=relu) | conv2d(3, 3, dilation=2, activation=tanh)"
                      " | conv2d(1, 3, bias=no) as noise | from(input) | subtract(noise) | flatten", 42, 42,
                      [(4, 1, 3, 3), (4,), (3, 4, 3, 3), (3,), (1, 3, 3, 3)]),
    "conv_unet": (conv_unet, "sigmoid",
                  "input(1, 8, 8) | conv2d(4, 3, activation=tanh) as e1 | max_pool(2) | conv2d(4, 3, activation=tanh) as e2"
                  " | conv2d(2, 3, stride=2, padding=1, mode=reflect, activation=relu) | upsample(2) | concatenate(e2)"
                  " | conv2d(4, 3, groups=2, activation=tanh) | conv2d_transpose(2, 2, stride=2) | concatenate(e1)"
                  " | conv2d(1, 1, activation=sigmoid) | flatten", 64, 64,
                  [(4, 1, 3, 3), (4,), (4, 4, 3, 3), (4,), (2, 4, 3, 3), (2,), (4, 3, 3, 3), (4,), (4, 2, 2, 2), (2,),
                   (1, 6, 1, 1), (1,)]),
    "conv_signal": (conv_signal, "linear",
                    "input(1, 20) | conv1d(4, 9, mode=replicate, activation=tanh)"
                    " | conv1d(4, 4, stride=2, activation=tanh) | conv1d(4, 5, groups=depthwise, activation=tanh)"
                    " | conv1d_transpose(3, 4, stride=2, activation=tanh) | conv1d(1, 3) | flatten", 20, 20,
                    [(4, 1, 9), (4,), (4, 4, 4), (4,), (4, 1, 5), (4,), (4, 3, 4), (3,), (1, 3, 3), (1,)]),
    "batch_norm": (batch_norm, "linear",
                   "input(40) | batch_norm | reshape(2, 4, 5) | conv2d(4, 3, bias=no) | batch_norm | relu"
                   " | conv2d(3, 3, activation=tanh) | reshape(3, 20) | batch_norm(epsilon=0.01, momentum=0.3)"
                   " | dense(6, bias=no) | batch_norm | tanh | dense(40)", 40, 40,
                   4 * [(40,)] + [(4, 2, 3, 3)] + 4 * [(4,)] + [(3, 4, 3, 3), (3,)] + 4 * [(3,)] + [(6, 60)] + 4 * [(6,)]
                   + [(40, 6), (40,)]),
}
CASES = [("residual", "mse", "adam"), ("residual", "mse", "nesterov"), ("unet", "mse", "adam"),
         ("unet", "bce", "momentum"), ("tied", "bce", "adam"), ("tied", "mse", "sgd"),
         ("stacked", "mse", "adam"), ("stacked", "mse", "momentum"),
         ("twice", "mse", "adam_options"), ("twice", "mse", "sgd"),
         ("activations", "mse", "adam"), ("activations", "mse", "adam_options"), ("picture", "mse", "momentum"),
         ("picture", "mse", "nesterov"), ("signal", "mse", "adam"), ("signal", "mse", "adam_options"),
         ("conv_autoencoder", "bce", "adam"), ("conv_autoencoder", "mse", "nesterov"), ("conv_residual", "mse", "adam"),
         ("conv_residual", "mse", "momentum"), ("conv_unet", "bce", "adam"), ("conv_unet", "mse", "momentum"),
         ("conv_signal", "mse", "adam"), ("conv_signal", "mse", "nesterov"), ("batch_norm", "mse", "adam_options"),
         ("batch_norm", "mse", "momentum")]


def make_data(name, seed, dtype):
    _, _, _, inputs, outputs, shapes = NETWORKS[name]

    def draw(stream, count, low, high):
        values = [low + (high - low) * u for u in uniform(seed, stream, 0, count)]
        return torch.tensor(values, dtype=torch.float64).to(dtype)

    x = draw(INPUT_STREAM, 2 * BATCH * inputs, -1.0, 1.0).view(2, BATCH, -1)
    t = draw(TARGET_STREAM, 2 * BATCH * outputs, 0.0, 1.0).view(2, BATCH, -1)
    sizes = [torch.Size(shape).numel() for shape in shapes]
    block = draw(PARAMETER_STREAM, sum(sizes), -0.5, 0.5)
    return x, t, [part.clone().view(shape) for part, shape in zip(block.split(sizes), shapes)]


def train(case, seed, dtype):
    """As the function of that name in trajectories.py."""
    name, loss_name, optimizer_name = case
    function, activation = NETWORKS[name][:2]
    inputs, targets, parameters = make_data(name, seed, dtype)
    start, losses, least = flat(parameters), [], float("inf")
    optimizer = Optimizer(optimizer_name, parameters)
    for step in range(STEPS):
        leaves = [w.clone().requires_grad_(True) for w in parameters]
        run, x, t = Run(leaves), inputs[step % 2], targets[step % 2]
        output = function(run, x)
        assert not run.left
        loss = loss_of(loss_name, activation, run.logits.flatten(1), output, t)
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        optimizer.step(parameters, [torch.zeros_like(w) if g is None else g for w, g in zip(leaves, gradients)])
        for w, leaf in zip(parameters, leaves):
            if any(leaf is statistic for statistic in run.statistics):
                w.copy_(leaf.detach())
        losses.append(loss.item())
        least = min(least, run.distance)
    end = flat(parameters)
    return losses, end, least, (end != start).double().mean().item()


HEADER = """\
/* Ten-step training trajectories of networks that are no chains.
 *
 * Made by tests/oracle/networks.py with PyTorch's autograd in float64. To remake it:
 *
 *   /usr/bin/python3 tests/oracle/networks.py
 *
 * Data, batches and steps of a case are as trajectories.h says. The worst distance of the same run in float32
 * was %.1e in a loss (relative) and %.1e in a parameter (absolute).
 */
/* clang-format off */
#ifndef TESTS_ORACLE_NETWORKS_H
#define TESTS_ORACLE_NETWORKS_H

#include "trajectories.h"

#define ORACLE_NETWORK_COUNT %d

/* As an oracle_trajectory, of the network of a text. */
typedef struct oracle_network {
    const char *name, *text;
    size_t inputs, outputs;
    const char *loss;
    int32_t adam; /* 1: Adam with beta1, beta2, epsilon; 0: SGD with momentum, nesterov */
    double learning_rate;
    double momentum;
    int32_t nesterov;
    double beta1;
    double beta2;
    double epsilon;
    uint64_t seed;
    double losses[ORACLE_STEPS];
    size_t parameter_count;
    double sum;
    double sum_of_squares;
    size_t chosen[ORACLE_CHOSEN];
    double values[ORACLE_CHOSEN];
} oracle_network;

static const oracle_network ORACLE_NETWORKS[ORACLE_NETWORK_COUNT] = {
"""


def entry(case, seed, losses, parameters):
    name, loss, optimizer = case
    adam, rate, *options = OPTIMIZERS[optimizer]
    _, _, text, inputs, outputs, _ = NETWORKS[name]
    count = len(parameters)
    chosen = [i * (count - 1) // (CHOSEN - 1) for i in range(CHOSEN)]
    return "\n".join([
        '    {"%s",' % " ".join(case), '     "%s",' % text,
        "     %d, %d, \"%s\"," % (inputs, outputs, loss),
        "     %d, %g, %s, %d," % (adam, rate, row(options, "%g"), seed),
        "     {%s}," % rows(losses, "      "),
        "     %d, %s, {%s}," % (count, row([parameters.sum(), (parameters ** 2).sum()]), row(chosen, "%d")),
        "     {%s}}," % rows([parameters[i].item() for i in chosen], "      ", CHOSEN)])


def header():
    entries, loss_error, error = [], 0.0, 0.0
    for case in CASES:
        seed, losses, parameters, case_loss_error, case_error = trajectories.find_trajectory(
            {"name": " ".join(case)}, lambda _, seed, dtype, case=case: train(case, seed, dtype))
        entries.append(entry(case, seed, losses, parameters))
        loss_error, error = max(loss_error, case_loss_error), max(error, case_error)
    entries.append("};\n\n#endif\n/* clang-format on */\n")
    return HEADER % (loss_error, error, len(CASES)) + "\n".join(entries)


def main():
    options = table.parser_of(__doc__).parse_args()
    torch.set_num_threads(1)
    return table.write_or_check("networks.h", header(), options.check)


if __name__ == "__main__":
    sys.exit(main())
