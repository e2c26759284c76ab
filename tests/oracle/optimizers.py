#!/usr/bin/env python3
"""Parameters after ten steps with known gradients, by PyTorch's optimizers, beside the text of the same optimizer in libdae.

    /usr/bin/python3 tests/oracle/optimizers.py           writes optimizers.h beside this file
    /usr/bin/python3 tests/oracle/optimizers.py --check   tells whether optimizers.h is up to date

Where Keras has another formula than PyTorch, its formula is written out below, as its documentation and papers have it, in
float64. Gradients and parameters come from the generator of include/dae/rng.h.
"""

import math
import sys

import torch

import table
from philox_reference import uniform

SEED, GRADIENT_STREAM, PARAMETER_STREAM = 17, 0, 1
COUNT, STEPS = 12, 10

HEAD = """/* Parameters after %d steps with known gradients.
 *
 * Made by tests/oracle/optimizers.py with PyTorch in double precision. To remake it:
 *
 *   python3 tests/oracle/optimizers.py
 *
 * Of seed %d, stream %d has the gradients, uniform in [-1, 1), one step after the other; stream %d the parameters before the
 * first step, uniform in [-0.5, 0.5). Every fourth gradient is a hundredth of what is drawn.
 */
/* clang-format off */
#ifndef TESTS_ORACLE_OPTIMIZERS_H
#define TESTS_ORACLE_OPTIMIZERS_H

enum {
    ORACLE_OPTIMIZER_SEED = %d, ORACLE_OPTIMIZER_GRADIENTS = %d, ORACLE_OPTIMIZER_PARAMETERS = %d,
    ORACLE_OPTIMIZER_COUNT = %d, ORACLE_OPTIMIZER_STEPS = %d
};

typedef struct {
    const char *text, *by;
    double after[ORACLE_OPTIMIZER_COUNT];
} oracle_optimizer;

static const oracle_optimizer ORACLE_OPTIMIZERS[] = {
"""
TAIL = """};

#endif
/* clang-format on */
"""

# text, PyTorch's optimizer, its options; an epsilon of 1e-30 is none, wherever it stands
TORCH = [
    ("sgd(0.1)", "SGD", {"lr": 0.1}),
    ("adam(0.01, epsilon=1e-30)", "Adam", {"lr": 0.01, "eps": 1e-30}),
    ("adam(0.01, beta1=0.8, beta2=0.7, epsilon=1e-30, amsgrad=yes)", "Adam",
     {"lr": 0.01, "betas": (0.8, 0.7), "eps": 1e-30, "amsgrad": True}),
    ("adamw(0.01, epsilon=1e-30, weight_decay=2)", "AdamW", {"lr": 0.01, "eps": 1e-30, "weight_decay": 2}),
    ("nadam(0.01, epsilon=0.1, momentum_decay=0.004)", "NAdam", {"lr": 0.01, "eps": 0.1}),
    ("nadam(0.01, beta1=0.8, beta2=0.9, momentum_decay=0.5)", "NAdam",
     {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-7, "momentum_decay": 0.5}),
    ("rmsprop(0.01, rho=0.8, epsilon=1e-30)", "RMSprop", {"lr": 0.01, "alpha": 0.8, "eps": 1e-30}),
    ("rmsprop(0.01, rho=0.8, momentum=0.7, epsilon=1e-30)", "RMSprop",
     {"lr": 0.01, "alpha": 0.8, "momentum": 0.7, "eps": 1e-30}),
    ("rmsprop(0.01, rho=0.8, momentum=0.7, epsilon=1e-30, centered=yes)", "RMSprop",
     {"lr": 0.01, "alpha": 0.8, "momentum": 0.7, "eps": 1e-30, "centered": True}),
    ("adagrad(0.1, initial=0.25, epsilon=1e-30)", "Adagrad",
     {"lr": 0.1, "initial_accumulator_value": 0.25, "eps": 1e-30}),
    ("adadelta(1, rho=0.9, epsilon=0.001)", "Adadelta", {"lr": 1.0, "rho": 0.9, "eps": 1e-3}),
    ("adadelta(0.5)", "Adadelta", {"lr": 0.5, "rho": 0.95, "eps": 1e-7}),
    ("sgd(0.1) | clip_value(0.3)", "SGD", {"lr": 0.1, "clip": "value", "most": 0.3}),
    ("sgd(0.1) | clip_norm(0.8)", "SGD", {"lr": 0.1, "clip": "norm", "most": 0.8}),
    ("sgd(0.1) | clip_norm(1000)", "SGD", {"lr": 0.1, "clip": "norm", "most": 1000}),
    ("sgd(0.1) | clip_value(0.3) | clip_norm(0.8)", "SGD", {"lr": 0.1, "clip": "value, norm", "most": (0.3, 0.8)}),
    ("sgd(0.1) | clip_norm(0.8) | clip_value(0.3)", "SGD", {"lr": 0.1, "clip": "norm, value", "most": (0.8, 0.3)}),
]


# ---- Keras ----------------------------------------------------------------------------------------

def keras_adam(w, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-7, amsgrad=False, weight_decay=0.0):
    m = v = greatest = torch.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        w = w - w * weight_decay * rate
        alpha = rate * math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
        m = m + (g - m) * (1 - beta1)
        v = v + (g * g - v) * (1 - beta2)
        greatest = torch.maximum(greatest, v)
        w = w - m * alpha / (torch.sqrt(greatest if amsgrad else v) + epsilon)
    return w


def keras_nadam(w, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = v = torch.zeros_like(w)
    product = 1.0
    for t, g in enumerate(gradients, 1):
        u = beta1 * (1 - 0.5 * 0.96 ** t)
        u_next = beta1 * (1 - 0.5 * 0.96 ** (t + 1))
        product *= u
        m = m + (g - m) * (1 - beta1)
        v = v + (g * g - v) * (1 - beta2)
        m_hat = u_next * m / (1 - product * u_next) + (1 - u) * g / (1 - product)
        w = w - m_hat * rate / (torch.sqrt(v / (1 - beta2 ** t)) + epsilon)
    return w


def keras_rmsprop(w, gradients, rate, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    velocity = average = change = torch.zeros_like(w)
    for g in gradients:
        velocity = rho * velocity + (1 - rho) * g * g
        average = rho * average + (1 - rho) * g
        denominator = velocity - average * average + epsilon if centered else velocity + epsilon
        change = momentum * change + rate * g / torch.sqrt(denominator)
        w = w - change
    return w


def keras_adagrad(w, gradients, rate, initial=0.1, epsilon=1e-7):
    accumulated = torch.full_like(w, initial)
    for g in gradients:
        accumulated = accumulated + g * g
        w = w - rate * g / torch.sqrt(accumulated + epsilon)
    return w


KERAS = [
    ("adam(0.01, epsilon=0.1)", keras_adam, {"rate": 0.01, "epsilon": 0.1}),
    ("adam(0.01, beta1=0.8, beta2=0.7, epsilon=0.1, amsgrad=yes)", keras_adam,
     {"rate": 0.01, "beta1": 0.8, "beta2": 0.7, "epsilon": 0.1, "amsgrad": True}),
    ("adamw(0.01)", keras_adam, {"rate": 0.01, "weight_decay": 0.004}),
    ("adamw(0.01, beta1=0.8, beta2=0.7, epsilon=0.1, weight_decay=3, amsgrad=yes)", keras_adam,
     {"rate": 0.01, "beta1": 0.8, "beta2": 0.7, "epsilon": 0.1, "weight_decay": 3, "amsgrad": True}),
    ("nadam(0.01)", keras_nadam, {"rate": 0.01}),
    ("nadam(0.01, beta1=0.7, beta2=0.8, epsilon=0.1)", keras_nadam,
     {"rate": 0.01, "beta1": 0.7, "beta2": 0.8, "epsilon": 0.1}),
    ("rmsprop(0.01)", keras_rmsprop, {"rate": 0.01}),
    ("rmsprop(0.01, rho=0.7, momentum=0.5, epsilon=0.1, centered=yes)", keras_rmsprop,
     {"rate": 0.01, "rho": 0.7, "momentum": 0.5, "epsilon": 0.1, "centered": True}),
    ("rmsprop(0.01, rho=0.7, epsilon=0.1)", keras_rmsprop, {"rate": 0.01, "rho": 0.7, "epsilon": 0.1}),
    ("adagrad(0.1)", keras_adagrad, {"rate": 0.1}),
    ("adagrad(0.1, initial=0, epsilon=0.1)", keras_adagrad, {"rate": 0.1, "initial": 0, "epsilon": 0.1}),
]


# ---- PyTorch --------------------------------------------------------------------------------------

def clip(weight, kinds, most):
    for kind, bound in zip(kinds.split(", "), most if isinstance(most, tuple) else (most,)):
        if kind == "value":
            torch.nn.utils.clip_grad_value_([weight], bound)
        else:
            norm = weight.grad.norm().item()  # clip_grad_norm_() divides by norm + 1e-6
            torch.nn.utils.clip_grad_norm_([weight], bound * (1 + 1e-6 / norm))


def torch_run(w, gradients, name, options):
    options = dict(options)
    kinds, most = options.pop("clip", None), options.pop("most", None)
    weight = torch.nn.Parameter(w.clone())
    if name == "NAdam":
        options["foreach"] = True  # PyTorch 1.13's other path counts the momentum of a step twice
    optimizer = getattr(torch.optim, name)([weight], **options)
    for g in gradients:
        weight.grad = g.clone()
        if kinds:
            clip(weight, kinds, most)
        optimizer.step()
    return weight.detach()


def draw():
    gradients = torch.tensor([2 * u - 1 for u in uniform(SEED, GRADIENT_STREAM, 0, STEPS * COUNT)], dtype=torch.float64)
    gradients = gradients.view(STEPS, COUNT).clone()
    gradients[:, ::4] *= 0.01
    parameters = torch.tensor([u - 0.5 for u in uniform(SEED, PARAMETER_STREAM, 0, COUNT)], dtype=torch.float64)
    return parameters, gradients


def make():
    w, gradients = draw()
    text = HEAD % (STEPS, SEED, GRADIENT_STREAM, PARAMETER_STREAM, SEED, GRADIENT_STREAM, PARAMETER_STREAM, COUNT, STEPS)
    cases = [(written, "torch.optim.%s" % name, torch_run(w, gradients, name, options))
             for written, name, options in TORCH]
    cases += [(written, formula.__name__, formula(w, gradients, **options)) for written, formula, options in KERAS]
    for written, by, after in cases:
        values = after.tolist()
        lines = [", ".join("%.12g" % value for value in values[i:i + 6]) for i in range(0, COUNT, 6)]
        text += '    {"%s", "%s",\n     {%s}},\n' % (written, by, ",\n      ".join(lines))
    return text + TAIL


def main():
    options = table.parser_of(__doc__).parse_args()
    return table.write_or_check("optimizers.h", make(), options.check)


if __name__ == "__main__":
    sys.exit(main())
