#!/usr/bin/env python3
"""The same experiments as bench.c in PyTorch, with its best settings, as the same lines of JSON.

usage: bench_torch.py train|infer|network|noise|export|describe [options]

Denormals are flushed and the number of threads is set here. What has to stand in the environment before the
process starts, compare.py sets: OPENBLAS_NUM_THREADS (Debian's PyTorch makes float32 products with OpenBLAS,
which torch.set_num_threads() does not reach) and OMP_WAIT_POLICY. Ends with code 77 when there is no PyTorch.
"""

import argparse
import contextlib
import gzip
import json
import os
import resource
import statistics
import sys
import time

START = time.monotonic()
SKIPPED = 77
PIXELS = 784
LARGE_BATCH = 256
WARM_UP = 500


def say(**values):
    print(json.dumps(values), flush=True)


def quantile(ordered, share):
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def open_images(torch, folder, name, count=None):
    """Images of an IDX file of bytes, as float32 in [0,1]: tensor [count, 784]."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        with open(path, "rb") as file:
            content = bytearray(file.read())
    else:
        with gzip.open(path + ".gz", "rb") as file:
            content = bytearray(file.read())
    if content[:4] != b"\x00\x00\x08\x03":
        sys.exit(f"{path} is no IDX file of images")
    images = torch.frombuffer(content, dtype=torch.uint8, offset=16).view(-1, PIXELS)
    return images[:count].to(torch.float32).div_(255)


def make_model(torch, hidden):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(PIXELS, hidden), nn.ReLU(), nn.Linear(hidden, PIXELS), nn.ReLU())
    for layer in (model[0], model[2]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def make_noise(torch, like):
    return torch.empty_like(like).normal_(0.5, 0.5)


def autocast(torch, precision):
    if precision == "bfloat16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def run_epoch(torch, options, model, optimizer, clean, noisy, on_batch):
    """One pass over shuffled data; the mean loss."""
    loss_sum = torch.zeros(())
    order = torch.randperm(len(clean))
    for first in range(0, len(clean), options.batch):
        chosen = order[first:first + options.batch]
        targets = clean[chosen]
        inputs = noisy[chosen] if noisy is not None else make_noise(torch, targets).add_(targets)
        optimizer.zero_grad(set_to_none=True)
        with autocast(torch, options.precision):
            outputs = model(inputs)
        loss = torch.nn.functional.mse_loss(outputs.float(), targets)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(chosen)
        on_batch()
    return loss_sum.item() / len(clean)


def test_mse(torch, options, model):
    test = open_images(torch, options.data, "t10k-images-idx3-ubyte")
    with torch.inference_mode(), autocast(torch, options.precision):
        outputs = model(test + make_noise(torch, test))
    return torch.nn.functional.mse_loss(outputs.float(), test).item()


def train(torch, options, started):
    began = time.monotonic()
    clean = open_images(torch, options.data, "train-images-idx3-ubyte", options.samples)
    open_seconds = time.monotonic() - began
    began = time.monotonic()
    noisy = clean + make_noise(torch, clean) if options.noise == "once" else None
    noise_seconds = time.monotonic() - began
    model = make_model(torch, options.hidden)
    # The faster of both at this size, as measured: foreach pays with many parameters only.
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, foreach=options.hidden >= 512)
    first_batch = []

    def on_batch():
        if not first_batch:
            first_batch.append(time.monotonic())

    seconds = []
    fit_began, cpu_began = time.monotonic(), time.process_time()
    for epoch in range(options.epochs):
        began = time.monotonic()
        loss = run_epoch(torch, options, model, optimizer, clean, noisy, on_batch)
        seconds.append(time.monotonic() - began)
        say(event="epoch", epoch=epoch + 1, seconds=round(seconds[-1], 5), loss=round(loss, 6))
    cpus = (time.process_time() - cpu_began) / (time.monotonic() - fit_began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6
    gflop = 1e-9 * 10 * PIXELS * options.hidden * len(clean)
    say(event="summary", benchmark="train", library="pytorch", precision=options.precision,
        hidden=options.hidden, noise=options.noise, batch=options.batch, threads=torch.get_num_threads(),
        cpus_used=round(cpus, 2), peak_rss_mb=round(memory, 1), open_seconds=round(open_seconds, 5),
        noise_seconds=round(noise_seconds, 5), first_batch_seconds=round(first_batch[0] - started, 5),
        first_batch_from="exec" if options.started else "main", samples=len(clean), epochs=options.epochs,
        min_seconds=round(min(seconds), 5), median_seconds=round(statistics.median(seconds), 5),
        gflop_per_epoch=round(gflop, 2), gflops=round(gflop / min(seconds), 1),
        test_mse=round(test_mse(torch, options, model), 5))


def time_calls(run, batches, repeats):
    """Sorted seconds of calls on one batch after the other."""
    seconds = []
    for i in range(repeats + WARM_UP):
        inputs = batches[i % len(batches)]
        began = time.perf_counter_ns()
        run(inputs)
        ended = time.perf_counter_ns()
        if i >= WARM_UP:
            seconds.append(1e-9 * (ended - began))
    return sorted(seconds)


def ways_to_run(torch, options, model, example):
    """(name, function) of each way to run the model: float32 in and float32 out."""
    if options.precision == "float32":
        traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, example)))
        return [("eager", model), ("jit", traced)]

    def with_autocast(inputs):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(inputs).float()

    converted = make_model(torch, options.hidden).eval().to(torch.bfloat16)
    return [("autocast", with_autocast), ("converted", lambda inputs: converted(inputs.bfloat16()).float())]


def infer(torch, options, _started):
    test = open_images(torch, options.data, "t10k-images-idx3-ubyte")
    test += make_noise(torch, test)
    singles = [test[i:i + 1] for i in range(len(test))]
    larges = list(test[:len(test) // LARGE_BATCH * LARGE_BATCH].split(LARGE_BATCH))
    model = make_model(torch, options.hidden).eval()
    with torch.inference_mode():
        for way, run in ways_to_run(torch, options, model, larges[0]):
            single = time_calls(run, singles, options.repeats)
            large = time_calls(run, larges, (options.repeats + 19) // 20)
            median = quantile(large, 0.5)
            gflop = 4e-9 * PIXELS * options.hidden * LARGE_BATCH
            say(event="summary", benchmark="infer", library="pytorch", precision=options.precision, way=way,
                hidden=options.hidden, threads=torch.get_num_threads(),
                latency_min_us=round(1e6 * single[0], 3),
                latency_median_us=round(1e6 * quantile(single, 0.5), 3),
                latency_p99_us=round(1e6 * quantile(single, 0.99), 3),
                images_per_second=round(LARGE_BATCH / median),
                images_per_second_best=round(LARGE_BATCH / large[0]),
                gflops=round(gflop / median, 1), calls=options.repeats)


def noise(torch, _options, _started):
    """As bench.c has it: in place, in a buffer of 83 images."""
    values = torch.zeros(83 * PIXELS)
    drawn = torch.empty_like(values)
    works = {
        "gaussian": lambda: values.add_(drawn.normal_(0.5, 0.5)),
        "uniform": lambda: values.add_(drawn.uniform_(0, 1)),
        "masking": lambda: values.mul_(drawn.bernoulli_(0.7)),
        "clip": lambda: values.clamp_(0, 1),
        "rng uniform": lambda: drawn.uniform_(0, 1),
        "rng normal": lambda: drawn.normal_(),
    }
    for kind, work in works.items():
        seconds = time_calls(lambda _: work(), [None], 200)
        say(event="summary", benchmark="noise", library="pytorch", kind=kind, threads=torch.get_num_threads(),
            values_per_second=float(f"{len(values) / quantile(seconds, 0.5):.4g}"),
            values_per_second_best=float(f"{len(values) / seconds[0]:.4g}"))


def network(_torch, options, _started):
    import torch_networks
    for record in torch_networks.measure(options):
        say(event="summary", benchmark="network", library="pytorch", **record)


def export(_torch, options, _started):
    import torch_networks
    torch_networks.export(options)


def describe(torch, _options, _started):
    say(event="summary", benchmark="describe", runtime=f"PyTorch {torch.__version__}",
        precisions=["float32", "bfloat16"])


COMMANDS = {"train": train, "infer": infer, "network": network, "noise": noise, "export": export,
            "describe": describe}


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--data", help="folder with MNIST's IDX files")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--network", help="a name of bench_network.c")
    parser.add_argument("--output", help="folder for the ONNX files of export")
    parser.add_argument("--noise", choices=["once", "fresh"], default="once")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=0, help="0 for all processors")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, help="256, or what the network is known with")
    parser.add_argument("--samples", type=int, default=60000)
    parser.add_argument("--repeats", type=int, default=20000)
    parser.add_argument("--started", type=int, help="CLOCK_MONOTONIC at the start of this process, in ns")
    options = parser.parse_args()
    if options.batch is None and options.command != "network":
        options.batch = 256
    if options.command in ("train", "infer") and not options.data:
        parser.error("--data is needed; `bench data FOLDER` writes synthetic images")
    return options


def main():
    options = parse_options()
    try:
        import torch
    except ImportError as error:
        say(event="skipped", library="pytorch", reason=str(error))
        return SKIPPED
    torch.manual_seed(1)
    torch.set_flush_denormal(True)  # before any worker thread starts: it inherits the setting
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    started = 1e-9 * options.started if options.started else START
    COMMANDS[options.command](torch, options, started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
