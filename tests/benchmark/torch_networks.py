"""The networks of bench_network.c in PyTorch, by the same names: how long a training step and running take.

Where the memory of pictures has two layouts, both are measured; compare.py takes the better one.
"""

import time
from statistics import median
from typing import NamedTuple

import torch
from torch import nn

WARM_UP = 2
SINGLE_FACTOR = 10  # timed calls for one sample / those for a batch


class Residual(nn.Module):
    """input - f(input)"""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, inputs):
        return inputs - self.body(inputs)


class Network(NamedTuple):
    """`make` takes whether signals are to be pictures one line high; training leaves `last` to the loss."""
    make: object
    shape: tuple
    batch: int
    loss: object = nn.functional.mse_loss
    last: object = nn.Identity
    is_set: bool = False  # an epoch is one of --samples samples, not of one batch
    layouts: tuple = ("nchw", "channels_last")


def conv_autoencoder(_):
    def twice():
        return nn.ConvTranspose2d(32, 32, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), twice(), nn.ReLU(),
        twice(), nn.ReLU(), nn.Conv2d(32, 1, 3, padding=1))


def chain(convolution, depth, channels):
    """Convolutions with ReLU in between: from one channel to `channels`, and back in the last."""
    layers = [convolution(1, channels)]
    for i in range(1, depth):
        layers += [nn.ReLU(), convolution(channels, channels if i < depth - 1 else 1)]
    return nn.Sequential(*layers)


def residual(channels):
    def square(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1)
    return lambda _: Residual(chain(square, 8, channels))


def signal(is_picture):
    def line(inputs, outputs):
        if is_picture:
            return nn.Conv2d(inputs, outputs, (1, 9), padding=(0, 4))
        return nn.Conv1d(inputs, outputs, 9, padding=4)
    return chain(line, 5, 32)


def living(_):
    return nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(0.3), nn.Linear(128, 784))


NETWORKS = {
    "conv_autoencoder": Network(conv_autoencoder, (1, 28, 28), 128,
                                nn.functional.binary_cross_entropy_with_logits, nn.Sigmoid),
    "residual32": Network(residual(32), (1, 40, 40), 32),
    "residual64": Network(residual(64), (1, 40, 40), 16),
    "signal": Network(signal, (1, 1024), 64),
    "living": Network(living, (784,), 256, is_set=True, layouts=("rows",)),
}


def sample_shape(network, is_picture):
    """Shape of a sample: a signal that is to be a picture is one line high."""
    return network.shape if len(network.shape) != 2 or not is_picture else (1, 1, network.shape[1])


def time_epochs(network, model, inputs, targets, epochs):
    """Sorted seconds of so many epochs, after one that does not count, and how many processors were used."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    loss_sum, seconds = torch.zeros(()), []
    cpu_began, began = time.process_time(), time.perf_counter()
    for _ in range(epochs + 1):
        epoch_began = time.perf_counter()
        order = torch.randperm(len(inputs))
        for chosen in order.split(network.batch):
            optimizer.zero_grad(set_to_none=True)
            loss = network.loss(model(inputs[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(chosen)
        loss_sum.item()
        seconds.append(time.perf_counter() - epoch_began)
    cpus = (time.process_time() - cpu_began) / (time.perf_counter() - began)
    return sorted(seconds[1:]), cpus


def time_runs(model, inputs, repeats):
    """Sorted seconds of running it."""
    seconds = []
    for i in range(repeats + WARM_UP):
        began = time.perf_counter()
        model(inputs)
        if i >= WARM_UP:
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)


def train(network, model, layout, options):
    """What is to be said of training in one layout."""
    samples = options.samples if network.is_set else network.batch
    epochs = (options.repeats + 3) // 4 if network.is_set else options.repeats
    shape = sample_shape(network, layout == "channels_last")
    inputs, targets = (place(torch.rand(samples, *shape), layout) for _ in range(2))
    seconds, cpus = time_epochs(network, model, inputs, targets, epochs)
    steps = samples / network.batch
    return {"samples": samples, "epochs": epochs, "cpus_used": round(cpus, 2),
            "step_min_ms": round(1e3 * seconds[0] / steps, 4),
            "step_median_ms": round(1e3 * median(seconds) / steps, 4)}


def run(network, model, layout, is_traced, repeats):
    """What is to be said of running it."""
    shape = sample_shape(network, layout == "channels_last")
    said = {}
    for count, calls, name, unit, factor in ((network.batch, repeats, "batch", "ms", 1e3),
                                             (1, repeats * SINGLE_FACTOR, "sample", "us", 1e6)):
        if count == 1 and torch.get_num_threads() > 1:
            continue
        inputs = place(torch.rand(count, *shape), layout)
        with torch.no_grad():
            called = model
            if is_traced:
                called = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, inputs)))
        with torch.inference_mode():
            seconds = time_runs(called, inputs, calls)
        said[f"{name}_min_{unit}"] = round(factor * seconds[0], 4)
        said[f"{name}_median_{unit}"] = round(factor * median(seconds), 4)
    return said


def place(tensor_or_model, layout):
    if layout == "channels_last":
        return tensor_or_model.to(memory_format=torch.channels_last)
    return tensor_or_model


def measure(options):
    """One record for each layout and way to run it."""
    network = NETWORKS[options.network]
    network = network._replace(batch=options.batch or network.batch)
    for layout in network.layouts:
        body = place(network.make(layout == "channels_last"), layout)
        record = {"network": options.network, "threads": torch.get_num_threads(), "batch": network.batch,
                  "parameters": sum(values.numel() for values in body.parameters())}
        trained = train(network, body, layout, options)
        whole = nn.Sequential(body, network.last()).eval()
        yield {**record, "way": layout, **trained, **run(network, whole, layout, False, 2 * options.repeats)}
        yield {**record, "way": f"{layout}, jit", **run(network, whole, layout, True, 2 * options.repeats)}


def export(options):
    """Writes NAME-COUNT.onnx for a batch and for one sample: ONNX Runtime plans best for a size it knows.

    Of signals also NAME-COUNT-flat.onnx, of pictures one line high."""
    for name, network in NETWORKS.items():
        for suffix in ("", "-flat") if len(network.shape) == 2 else ("",):
            whole = nn.Sequential(network.make(suffix == "-flat"), network.last()).eval()
            for count in (network.batch, 1):
                example = torch.rand(count, *sample_shape(network, suffix == "-flat"))
                torch.onnx.export(whole, example, f"{options.output}/{name}-{count}{suffix}.onnx",
                                  input_names=["input"], output_names=["output"], opset_version=13)
