#!/usr/bin/env python3
"""Learning rates of PyTorch's schedulers, beside the text of the same schedule in libdae.

    python3 tests/oracle/schedules.py           writes schedules.h beside this file
    python3 tests/oracle/schedules.py --check   tells whether schedules.h is up to date

PyTorch has the same curves under other names and works most of them out step by step from the rate before.
Nothing here is computed from the formulae in include/dae/optimizer.h.
"""

import sys

import torch
from torch.optim import lr_scheduler

import table

STEPS = 40
EPOCH = 5  # steps
HEAD = """/* Learning rates of steps 0 to %d.
 *
 * Made by tests/oracle/schedules.py with PyTorch's schedulers in double precision. To remake it:
 *
 *   python3 tests/oracle/schedules.py
 */
/* clang-format off */
#ifndef TESTS_ORACLE_SCHEDULES_H
#define TESTS_ORACLE_SCHEDULES_H

#define ORACLE_SCHEDULE_STEPS %d
#define ORACLE_STEPS_PER_EPOCH %d

typedef struct {
    const char *text, *scheduler;
    double learning_rate;
    double rates[ORACLE_SCHEDULE_STEPS];
} oracle_schedule;

static const oracle_schedule ORACLE_SCHEDULES[] = {
"""
TAIL = """};

#endif
/* clang-format on */
"""

# text, learning rate, scheduler, its options
CASES = [
    ("exponential(steps=1, rate=0.9)", 0.1, "ExponentialLR", {"gamma": 0.9}),
    ("exponential(steps=1, rate=1)", 0.1, "ExponentialLR", {"gamma": 1.0}),
    ("exponential(steps=7, rate=0.5, staircase=1)", 1e-3, "StepLR", {"step_size": 7, "gamma": 0.5}),
    ("polynomial(steps=25, end=0.002)", 0.02, "LinearLR",
     {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 25}),
    ("polynomial(steps=25, end=0.5)", 0.25, "LinearLR",
     {"start_factor": 1.0, "end_factor": 1.0, "total_iters": 25, "base": 0.25, "to": 0.5}),
    ("polynomial(steps=30, end=0)", 0.02, "PolynomialLR", {"total_iters": 30, "power": 1.0}),
    ("polynomial(steps=30, end=0, power=2)", 0.02, "PolynomialLR", {"total_iters": 30, "power": 2.0}),
    ("polynomial(steps=30, end=0, power=0.5)", 3.0, "PolynomialLR", {"total_iters": 30, "power": 0.5}),
    ("cosine(steps=39)", 1e-3, "CosineAnnealingLR", {"T_max": 39}),
    ("cosine(steps=39, alpha=0.1)", 0.5, "CosineAnnealingLR", {"T_max": 39, "eta_min": 0.05}),
    ("step(7, factor=0.5)", 1e-3, "StepLR", {"step_size": 7, "gamma": 0.5}),
    ("step(epochs=2)", 1e-3, "StepLR", {"step_size": 2 * EPOCH}),
    ("cosine(epochs=8, alpha=0.5)", 0.01, "CosineAnnealingLR", {"T_max": 8 * EPOCH, "eta_min": 0.005}),
    ("cosine_restarts(7, stretch=1)", 0.1, "CosineAnnealingWarmRestarts", {"T_0": 7}),
    ("cosine_restarts(5, stretch=2, alpha=0.125)", 0.1, "CosineAnnealingWarmRestarts",
     {"T_0": 5, "T_mult": 2, "eta_min": 0.0125}),
    ("cosine_restarts(epochs=1, stretch=3)", 0.1, "CosineAnnealingWarmRestarts", {"T_0": EPOCH, "T_mult": 3}),
    # one_cycle ends at its last step, OneCycleLR one before: the share of the rise is another
    ("one_cycle(30)", 0.1, "OneCycleLR", {"max_lr": 0.1, "total_steps": 31, "pct_start": (0.3 * 30 + 1) / 31}),
    ("one_cycle(35, rise=0.5, start=10, end=100)", 0.5, "OneCycleLR",
     {"max_lr": 0.5, "total_steps": 36, "pct_start": (0.5 * 35 + 1) / 36, "div_factor": 10, "final_div_factor": 100}),
    ("cosine(steps=100, alpha=0.5)", 0.01, "CosineAnnealingLR", {"T_max": 100, "eta_min": 0.005}),
]


def rates(learning_rate, scheduler, options):
    options = dict(options)
    weight = torch.nn.Parameter(torch.zeros(1))
    if "to" in options:  # LinearLR only rises up to the rate of the optimizer: begin below it
        learning_rate = options.pop("to")
        options.update(start_factor=options.pop("base") / learning_rate)
    optimizer = torch.optim.SGD([weight], lr=learning_rate)
    schedule = getattr(lr_scheduler, scheduler)(optimizer, **options)
    result = []
    for _ in range(STEPS):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(result) < options.get("total_steps", STEPS):  # it refuses more; the last rate stays
            schedule.step()
    return result


def make():
    text = HEAD % (STEPS - 1, STEPS, EPOCH)
    for written, learning_rate, scheduler, options in CASES:
        values = rates(learning_rate, scheduler, options)
        lines = [", ".join("%.12g" % value for value in values[i:i + 8]) for i in range(0, STEPS, 8)]
        text += '    {"%s", "%s", %.17g,\n     {%s}},\n' % (written, scheduler, learning_rate, ",\n      ".join(lines))
    return text + TAIL


def main():
    options = table.parser_of(__doc__).parse_args()
    return table.write_or_check("schedules.h", make(), options.check)


if __name__ == "__main__":
    sys.exit(main())
