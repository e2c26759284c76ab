#!/usr/bin/env python3
"""Gradients and ten-step training trajectories of small dense networks, by PyTorch's autograd.

    /usr/bin/python3 tests/oracle/trajectories.py           writes trajectories.h beside this file
    /usr/bin/python3 tests/oracle/trajectories.py --check   tells whether trajectories.h is up to date

Layers, losses and optimizers are written out below from the formulae in include/dae/layer.h, trainer.h
and optimizer.h; PyTorch gives the gradients. The numbers are those of float64. A second run in float32
must agree with them, which shows that a float32 library can be held to them.

All data come from the generator of include/dae/rng.h, so a C program makes the same without files:
see the comment at the top of trajectories.h.
"""

import sys

import torch

import table
from philox_reference import uniform

STEPS = 10
BATCH = 8
GRADIENT_BATCH = 4
INPUT_STREAM, TARGET_STREAM, PARAMETER_STREAM = 0, 1, 2
CHOSEN = 6
SLOPE = 0.3
CLIP = 1e-7

ACTIVATIONS = ("linear", "relu", "leaky_relu", "sigmoid", "tanh")
LOSSES = ("mse", "mae", "bce")
OPTIMIZERS = {
    # name: (adam, learning rate, momentum, nesterov, beta1, beta2, epsilon)
    "sgd": (0, 0.25, 0.0, 0, 0.0, 0.0, 0.0),
    "momentum": (0, 0.0625, 0.9, 0, 0.0, 0.0, 0.0),
    "nesterov": (0, 0.0625, 0.9, 1, 0.0, 0.0, 0.0),
    "adam": (1, 0.01, 0.0, 0, 0.9, 0.999, 1e-7),
    # An epsilon as large as typical gradients: shows where it stands in the formula.
    "adam_options": (1, 0.02, 0.0, 0, 0.8, 0.95, 1e-2),
}

# How far from a kink (ReLU at 0, |a - t| at 0, the clip of BCE) every value must stay, and how well
# float32 must agree with float64, losses relatively and parameters absolutely.
MARGIN = 1e-4
AGREEMENT = 1e-5
# Cross-entropy's 1/a is steep beside its clip, and float32 cannot hold 1 - 1e-7.
BCE_MARGIN = 5e-3
# Share of parameters that must take part: ReLU could leave most of them without a gradient.
ALIVE = 0.75


# ---- Formulae -----------------------------------------------------------------------------------

def activate(name, z):
    if name == "linear":
        return z
    if name == "relu":
        return torch.relu(z)
    if name == "leaky_relu":
        return torch.where(z >= 0, z, SLOPE * z)
    if name == "sigmoid":
        return 1 / (1 + torch.exp(-z))
    return torch.tanh(z)


def loss_of(name, activation, z, a, t):
    """Mean over all values of a batch."""
    if name == "mse":
        return ((a - t) ** 2).mean()
    if name == "mae":
        return (a - t).abs().mean()
    if activation == "sigmoid":
        return (torch.relu(z) - z * t + torch.log1p(torch.exp(-z.abs()))).mean()
    a = a.clamp(CLIP, 1 - CLIP)
    return -(t * torch.log(a) + (1 - t) * torch.log(1 - a)).mean()


def distance_from_clips(case, activation, a):
    """A ReLU's exact zeros lie in the clipped part for good: the other values count."""
    if activation == "relu":
        a = a[a != 0]
    if a.numel() == 0 or (a.max() > 1 and not case["beyond_one"]):
        return 0.0
    return min(a.abs().min().item(), (1 - a).abs().min().item()) / BCE_MARGIN


def forward(case, parameters, x, t):
    """Loss, and how close the batch comes to a kink (in units of the margin asked for)."""
    distance = float("inf")
    for layer, activation in enumerate(case["activations"]):
        z = x @ parameters[2 * layer].T + parameters[2 * layer + 1]
        if activation in ("relu", "leaky_relu"):
            distance = min(distance, z.abs().min().item() / MARGIN)
        x = activate(activation, z)
    if case["loss"] == "mae":
        distance = min(distance, (x - t).abs().min().item() / MARGIN)
    if case["loss"] == "bce" and activation != "sigmoid":
        distance = min(distance, distance_from_clips(case, activation, x))
    return loss_of(case["loss"], activation, z, x, t), distance


class Optimizer:
    """Keras' SGD and Adam, as include/dae/optimizer.h states them."""

    def __init__(self, name, parameters):
        (self.adam, self.rate, self.momentum, self.nesterov,
         self.beta1, self.beta2, self.epsilon) = OPTIMIZERS[name]
        self.first = [torch.zeros_like(w) for w in parameters]
        self.second = [torch.zeros_like(w) for w in parameters]
        self.step_count = 0

    def step(self, parameters, gradients):
        self.step_count += 1
        for w, g, m, v in zip(parameters, gradients, self.first, self.second):
            self.update_adam(w, g, m, v) if self.adam else self.update_sgd(w, g, m)

    def update_sgd(self, w, g, v):
        v.copy_(self.momentum * v - self.rate * g)
        w += self.momentum * v - self.rate * g if self.nesterov else v

    def update_adam(self, w, g, m, v):
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        correction = (1 - self.beta2 ** self.step_count) ** 0.5 / (1 - self.beta1 ** self.step_count)
        w -= self.rate * correction * m / (v.sqrt() + self.epsilon)


# ---- Data ---------------------------------------------------------------------------------------

def make_data(case, seed, batches, batch, dtype):
    """Inputs in [-1,1), targets in [0,1), parameters in [-0.5,0.5): all exact in float32."""
    sizes = case["sizes"]

    def draw(stream, count, low, high):
        values = [low + (high - low) * u for u in uniform(seed, stream, 0, count)]
        return torch.tensor(values, dtype=torch.float64).to(dtype)

    inputs = draw(INPUT_STREAM, batches * batch * sizes[0], -1.0, 1.0).view(batches, batch, -1)
    targets = draw(TARGET_STREAM, batches * batch * sizes[-1], 0.0, 1.0).view(batches, batch, -1)
    block = draw(PARAMETER_STREAM, sum(n * (k + 1) for k, n in zip(sizes, sizes[1:])), -0.5, 0.5)
    parameters, offset = [], 0
    for k, n in zip(sizes, sizes[1:]):
        parameters.append(block[offset:offset + n * k].clone().view(n, k))
        parameters.append(block[offset + n * k:offset + n * (k + 1)].clone())
        offset += n * (k + 1)
    return inputs, targets, parameters


def gradients_of(case, parameters, x, t):
    leaves = [w.clone().requires_grad_(True) for w in parameters]
    loss, distance = forward(case, leaves, x, t)
    return loss.item(), torch.autograd.grad(loss, leaves), distance


def flat(tensors):
    return torch.cat([w.reshape(-1).double() for w in tensors])


def train(case, seed, dtype):
    """Losses of ten steps, each before its update, final parameters, the least distance, and the share
    of parameters that changed."""
    inputs, targets, parameters = make_data(case, seed, 2, BATCH, dtype)
    start = flat(parameters)
    optimizer = Optimizer(case["optimizer"], parameters)
    losses, least = [], float("inf")
    for step in range(STEPS):
        loss, gradients, distance = gradients_of(case, parameters, inputs[step % 2], targets[step % 2])
        optimizer.step(parameters, gradients)
        losses.append(loss)
        least = min(least, distance)
    end = flat(parameters)
    return losses, end, least, (end != start).double().mean().item()


# ---- Cases --------------------------------------------------------------------------------------

def make_case(sizes, activations, loss, optimizer, beyond_one=False):
    return {"name": "%s_%s_%s_%s" % ("x".join(map(str, sizes)), "-".join(activations), loss, optimizer),
            "sizes": sizes, "activations": activations, "loss": loss, "optimizer": optimizer,
            "beyond_one": beyond_one}


def trajectory_cases():
    """Every pair of activations; every output activation with the other losses; every optimizer with
    every loss; and shapes of one and three layers, wider and narrower."""
    cases = [make_case((12, 7, 12), (hidden, output), "mse", "sgd")
             for hidden in ACTIVATIONS for output in ACTIVATIONS]
    cases += [make_case((6, 5, 4), ("tanh", output), loss, "momentum")
              for output in ACTIVATIONS for loss in ("mae", "bce")]
    cases += [make_case((12, 7, 12), ("relu", "sigmoid"), loss, optimizer)
              for loss in LOSSES for optimizer in OPTIMIZERS if (loss, optimizer) != ("mse", "sgd")]
    cases += [make_case((9, 16, 5), ("leaky_relu", "linear"), "mse", "adam"),
              make_case((5, 3, 8), ("relu", "relu"), "mse", "adam"),
              make_case((10, 6, 3, 10), ("relu", "tanh", "sigmoid"), "bce", "nesterov"),
              make_case((6, 4), ("sigmoid",), "bce", "sgd"),
              make_case((17, 1, 17), ("linear", "linear"), "mse", "momentum")]
    return cases


def find_trajectory(case, train=train):
    """The first seed whose values keep their distance from every kink."""
    for seed in range(1, 20001):
        losses, parameters, distance, alive = train(case, seed, torch.float64)
        if distance < 1 or alive < ALIVE:
            continue
        rough_losses, rough, _, _ = train(case, seed, torch.float32)
        loss_error = max(abs(a - b) / abs(b) for a, b in zip(rough_losses, losses))
        error = (rough - parameters).abs().max().item()
        if max(loss_error, error) > AGREEMENT:
            raise SystemExit("%s: float32 differs by %.1e" % (case["name"], max(loss_error, error)))
        if abs(losses[-1] - losses[1]) < 1e-3 * abs(losses[1]):
            raise SystemExit("%s: does not move" % case["name"])
        return seed, losses, parameters, loss_error, error
    raise SystemExit("%s: no seed keeps its distance" % case["name"])


def find_gradient(case):
    """As find_trajectory(), for a single gradient."""
    for seed in range(1, 20001):
        x, t, parameters = make_data(case, seed, 1, GRADIENT_BATCH, torch.float64)
        loss, gradients, distance = gradients_of(case, parameters, x[0], t[0])
        gradient = flat(gradients)
        if distance < 1 or gradient.count_nonzero() < ALIVE * len(gradient):
            continue
        if case["beyond_one"] and not reaches_both_clips(case, parameters, x[0]):
            continue
        return seed, loss, gradient
    raise SystemExit("%s: no seed keeps its distance" % case["name"])


def reaches_both_clips(case, parameters, x):
    """Some outputs above 1 and, but for ReLU's zeros, some below 0."""
    for layer, activation in enumerate(case["activations"]):
        x = activate(activation, x @ parameters[2 * layer].T + parameters[2 * layer + 1])
    return bool((x > 1).any() and (x <= 0).any())


def check_formulae():
    """The formulae above against PyTorch's own, where PyTorch has the same one."""
    z = torch.linspace(-3, 3, 12, dtype=torch.float64)
    t = torch.linspace(0, 1, 12, dtype=torch.float64)
    a, f = torch.sigmoid(z), torch.nn.functional
    pairs = [(activate("sigmoid", z), a), (activate("leaky_relu", z), f.leaky_relu(z, SLOPE)),
             (loss_of("bce", "sigmoid", z, a, t), f.binary_cross_entropy_with_logits(z, t)),
             (loss_of("bce", "linear", a, a, t), f.binary_cross_entropy(a, t)),
             (loss_of("mse", "linear", z, z, t), f.mse_loss(z, t)),
             (loss_of("mae", "linear", z, z, t), f.l1_loss(z, t))]
    # PyTorch's Adam has its epsilon elsewhere; with one this small the place is of no account.
    OPTIMIZERS["check"] = (1, 0.01, 0.0, 0, 0.8, 0.95, 1e-30)
    for name, make in (
            ("sgd", lambda w: torch.optim.SGD(w, lr=0.25)),
            ("momentum", lambda w: torch.optim.SGD(w, lr=0.0625, momentum=0.9)),
            ("nesterov", lambda w: torch.optim.SGD(w, lr=0.0625, momentum=0.9, nesterov=True)),
            ("check", lambda w: torch.optim.Adam(w, lr=0.01, betas=(0.8, 0.95), eps=1e-30))):
        ours, theirs = z.clone(), torch.nn.Parameter(z.clone())
        optimizer, reference = Optimizer(name, [ours]), make([theirs])
        for step in range(STEPS):
            theirs.grad = torch.cos(z * (step + 1))
            optimizer.step([ours], [theirs.grad])
            reference.step()
        pairs.append((ours, theirs.detach()))
    del OPTIMIZERS["check"]
    for number, (ours, theirs) in enumerate(pairs):
        if not torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12):
            raise SystemExit("trajectories.py: formula %d differs from PyTorch's" % number)


# ---- trajectories.h -----------------------------------------------------------------------------

COMMENT = """\
/* Gradients and ten-step training trajectories of small dense networks.
 *
 * Made by tests/oracle/trajectories.py with PyTorch's autograd in float64. To remake it:
 *
 *   /usr/bin/python3 tests/oracle/trajectories.py
 *
 * Data of a case: the generator of rng.h at position 0 of these streams of the case's seed, each tensor
 * filled by one dae_rng_fill_uniform(). All values are exact in float32.
 *
 *   stream %(input)d, [-1, 1)       inputs  [batches, batch, sizes[0]]
 *   stream %(target)d, [0, 1)        targets [batches, batch, sizes[layers]]
 *   stream %(parameter)d, [-0.5, 0.5)   parameters, all of them in the model's order
 *
 * A gradient case has one batch of ORACLE_GRADIENT_BATCH samples. A trajectory has two batches of
 * ORACLE_BATCH samples, and step s (from 0) uses batch s %% 2. Leaky ReLU has a slope of 0.3.
 *
 * No value comes close to a kink of an activation or a loss. For trajectories the worst distance of the
 * same run in float32 was %(loss_error).1e in a loss (relative) and %(error).1e in a parameter (absolute).
 */
/* clang-format off */
#ifndef TESTS_ORACLE_TRAJECTORIES_H
#define TESTS_ORACLE_TRAJECTORIES_H

#include <dae.h>

#define ORACLE_INPUT_STREAM     %(input)d
#define ORACLE_TARGET_STREAM    %(target)d
#define ORACLE_PARAMETER_STREAM %(parameter)d
#define ORACLE_MAX_LAYERS       3
"""

GRADIENT_TYPE = """\
#define ORACLE_GRADIENT_BATCH %(batch)d
#define ORACLE_GRADIENT_SIZE  %(size)d
#define ORACLE_GRADIENT_COUNT %(count)d

/* The loss of a batch, and its gradient by all parameters in the model's order. */
typedef struct oracle_gradient {
    const char *name;
    size_t layers;
    size_t sizes[ORACLE_MAX_LAYERS + 1];
    const char *activations[ORACLE_MAX_LAYERS];
    const char *loss;
    uint64_t seed;
    double loss_value;
    double gradient[ORACLE_GRADIENT_SIZE];
} oracle_gradient;
"""

TRAJECTORY_TYPE = """\
#define ORACLE_BATCH            %(batch)d
#define ORACLE_STEPS            %(steps)d
#define ORACLE_CHOSEN           %(chosen)d
#define ORACLE_TRAJECTORY_COUNT %(count)d

/* Losses of the steps, each before its update; and of the final parameters their sum, their sum of
 * squares, and the values at a few places. */
typedef struct oracle_trajectory {
    const char *name;
    size_t layers;
    size_t sizes[ORACLE_MAX_LAYERS + 1];
    const char *activations[ORACLE_MAX_LAYERS];
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
} oracle_trajectory;
"""


def row(values, form="%.10g"):
    return ", ".join(form % v for v in values)


def rows(values, indent, per_line=5, form="%.10g"):
    lines = [row(values[i:i + per_line], form) for i in range(0, len(values), per_line)]
    return (",\n" + indent).join(lines)


def network(case):
    sizes = list(case["sizes"]) + [0] * (4 - len(case["sizes"]))
    activations = ['"%s"' % a for a in case["activations"]] + ["0"] * 3
    return ['    {"%s", %d, {%s},' % (case["name"], len(case["activations"]), row(sizes, "%d")),
            "     {%s}, \"%s\"," % (", ".join(activations[:3]), case["loss"])]


def gradient_entry(case, seed, loss, gradient):
    *start, end = network(case)
    return "\n".join(start + ["%s %d, %.10g," % (end, seed, loss),
                              "     {%s}}," % rows(gradient.tolist(), "      ", 6, "%.8g")])


def trajectory_entry(case, seed, losses, parameters):
    adam, rate, *options = OPTIMIZERS[case["optimizer"]]
    count = len(parameters)
    chosen = [i * (count - 1) // (CHOSEN - 1) for i in range(CHOSEN)]
    return "\n".join(network(case) + [
        "     %d, %g, %s, %d," % (adam, rate, row(options, "%g"), seed),
        "     {%s}," % rows(losses, "      "),
        "     %d, %s, {%s}," % (count, row([parameters.sum(), (parameters ** 2).sum()]), row(chosen, "%d")),
        "     {%s}}," % rows([parameters[i].item() for i in chosen], "      ", CHOSEN)])


def header():
    gradients = []
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            clips = loss == "bce" and activation in ("linear", "relu")
            case = make_case((5, 4, 3), (activation, activation), loss, "gradient", clips)
            gradients.append((case,) + find_gradient(case))
    trajectories, loss_error, error = [], 0.0, 0.0
    for case in trajectory_cases():
        *found, case_loss_error, case_error = find_trajectory(case)
        trajectories.append((case, *found))
        loss_error, error = max(loss_error, case_loss_error), max(error, case_error)
    names = [case[0]["name"] for case in trajectories]
    if len(set(names)) != len(names):
        raise SystemExit("trajectories.py: a case is there twice")
    return "\n".join([
        COMMENT % {"input": INPUT_STREAM, "target": TARGET_STREAM, "parameter": PARAMETER_STREAM,
                   "loss_error": loss_error, "error": error},
        GRADIENT_TYPE % {"batch": GRADIENT_BATCH, "size": len(gradients[0][3]), "count": len(gradients)},
        "static const oracle_gradient ORACLE_GRADIENTS[ORACLE_GRADIENT_COUNT] = {",
        *[gradient_entry(*entry) for entry in gradients], "};\n",
        TRAJECTORY_TYPE % {"batch": BATCH, "steps": STEPS, "chosen": CHOSEN, "count": len(trajectories)},
        "static const oracle_trajectory ORACLE_TRAJECTORIES[ORACLE_TRAJECTORY_COUNT] = {",
        *[trajectory_entry(*entry) for entry in trajectories], "};\n",
        "#endif\n/* clang-format on */\n"])


def main():
    options = table.parser_of(__doc__).parse_args()
    torch.set_num_threads(1)
    check_formulae()
    return table.write_or_check("trajectories.h", header(), options.check)


if __name__ == "__main__":
    sys.exit(main())
