#!/usr/bin/env python3
"""Runs libdae's benchmark and the same experiments in PyTorch side by side, and prints Markdown tables.

Each measurement is a fresh process. They are interleaved - A B C ..., A B C ... - so that a machine that
becomes slower or faster meanwhile does it to all; ratios are taken within a round. README.md says more.
"""

import argparse
import gzip
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import tables

HERE = Path(__file__).resolve().parent
SKIPPED = 77
UNTIMED = ("describe", "data", "export")  # commands of the programs whose time nobody asks for
THREAD_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT",
                   "MKL_NUM_THREADS", "GOTO_NUM_THREADS", "BLIS_NUM_THREADS")


class Failed(Exception):
    """A program that was run ended with an error."""


class Runner:
    """Starts the programs, reads their lines, and remembers results and commands."""

    def __init__(self, options):
        self.bench = [str(options.bench)]
        self.torch = [options.torch_python, str(HERE / "bench_torch.py")]
        self.onnx = ["node", str(HERE / "bench_onnx.mjs")]
        self.models = None  # folder with the files of ONNX Runtime
        self.folders = {}  # path: what stands for it in the commands that are shown
        self.records = []
        self.commands = []

    def run(self, program, arguments, variables=None, **labels):
        """Runs a program once; keeps each of its summaries with `labels`, and returns them."""
        environment = {k: v for k, v in os.environ.items() if k not in THREAD_SETTINGS}
        environment.update(variables or {})
        command = program + [str(argument) for argument in arguments]
        self._remember_command(program, arguments, variables)
        started = [] if arguments[0] in UNTIMED else ["--started", str(time.monotonic_ns())]
        result = subprocess.run(command[:len(program) + 1] + started + command[len(program) + 1:],
                                env=environment, capture_output=True, text=True, check=False)
        if result.returncode not in (0, SKIPPED):
            raise Failed(f"{' '.join(command)}\nended with {result.returncode}:\n{result.stderr.strip()}")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        seconds = [line["seconds"] for line in lines if line["event"] == "epoch"]
        summaries = [line for line in lines if line["event"] != "epoch"]
        for summary in summaries:
            summary.update(labels)
            if seconds:
                summary["epoch_seconds"] = seconds
            if summary["event"] == "summary" and summary["benchmark"] != "describe":
                self.records.append(summary)
        return summaries

    def _remember_command(self, program, arguments, variables):
        words = [f"{name}={value}" for name, value in (variables or {}).items()]
        words += ["bench"] if program == self.bench else [Path(word).name for word in program]
        for argument in map(str, arguments):
            for folder, name in self.folders.items():
                argument = argument.replace(folder, name)
            words.append(argument)
        command = " ".join(words)
        if arguments[0] not in UNTIMED and command not in self.commands:
            self.commands.append(command)


def torch_variants(threads):
    """(what to call it, environment) of PyTorch's settings among which the better one counts."""
    single = ("BLAS 1 thread", {"OPENBLAS_NUM_THREADS": "1"})
    if threads == 1:
        return [single]
    return [single, (f"BLAS {threads} threads, passive waiting",
                     {"OPENBLAS_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"})]


def train_once(runner, options, described, hidden, noises, threads, number):
    """One run of each contender with each kind of noise: one right after the other, since they are compared."""
    arguments = ["train", "--data", options.data, "--hidden", hidden, "--threads", threads,
                 "--epochs", options.epochs, "--samples", options.samples]
    for library, program in (("libdae", runner.bench), ("pytorch", runner.torch)):
        for precision in described.get(library, {}).get("precisions", []):
            if precision not in options.precisions:
                continue
            variants = torch_variants(threads) if library == "pytorch" else [("", {})]
            for (variant, variables), noise in itertools.product(variants, noises):
                extra = ["--noise", noise] + ([] if precision == "float32" else ["--precision", precision])
                summary, = runner.run(program, arguments + extra, variables, round=number, settings=variant)
                note(f"{library} {precision} {hidden} {noise}, {threads} threads {variant}: "
                     f"{summary['median_seconds']} s an epoch")


def infer_once(runner, options, described, hidden, number):
    arguments = ["infer", "--data", options.data, "--hidden", hidden, "--threads", 1,
                 "--repeats", options.repeats]
    for library, program in (("libdae", runner.bench), ("pytorch", runner.torch)):
        variables = {"OPENBLAS_NUM_THREADS": "1"} if library == "pytorch" else {}
        for precision in described.get(library, {}).get("precisions", []):
            if precision in options.precisions:
                extra = [] if precision == "float32" else ["--precision", precision]
                runner.run(program, arguments + extra, variables, round=number)
                note(f"{library} {precision} inference, {hidden} hidden units")


def network_once(runner, options, described, name, threads, number):
    """One run of a network by each contender: one right after the other, since they are compared."""
    arguments = ["network", "--network", name, "--threads", threads, "--repeats", options.steps]
    trained = arguments + ["--samples", options.samples]
    own, = runner.run(runner.bench, trained, round=number)
    text = f"{name}, {threads} threads: libdae {own['step_median_ms']} ms a step"
    for variant, variables in torch_variants(threads) if "pytorch" in described else []:
        records = runner.run(runner.torch, trained, variables, round=number, settings=variant)
        for record in records:
            if record["parameters"] != own["parameters"]:
                raise Failed(f"{name} is not the same network: {own['parameters']} parameters in libdae, "
                             f"{record['parameters']} in PyTorch")
        text += f", PyTorch with {variant} {min(record.get('step_median_ms', 1e9) for record in records)}"
    if "onnxruntime" in described:
        runner.run(runner.onnx, arguments + ["--batch", own["batch"], "--node-modules", options.node_modules,
                                             "--models", runner.models], round=number)
    note(text)


def run_round(runner, options, described, files, number):
    for threads in options.threads:
        runner.run(runner.bench, ["peak", "--threads", threads], round=number)
    for name, threads in itertools.product(options.networks, options.threads):
        network_once(runner, options, described, name, threads, number)
    if options.workloads:
        run_workloads(runner, options, described, files, number)


def run_workloads(runner, options, described, files, number):
    """The reference experiment, and what belongs to it."""
    sizes = sorted({hidden for hidden, _ in options.workloads})
    for hidden, threads in itertools.product(sizes, options.threads):
        noises = [noise for size, noise in options.workloads if size == hidden]
        train_once(runner, options, described, hidden, noises, threads, number)
    for hidden in sizes:
        infer_once(runner, options, described, hidden, number)
    runner.run(runner.bench, ["noise", "--threads", 1], round=number)
    if "pytorch" in described:
        runner.run(runner.torch, ["noise", "--threads", 1], {"OPENBLAS_NUM_THREADS": "1"}, round=number)
    runner.run(runner.bench, ["load", *files], round=number)


def note(text):
    print(text, file=sys.stderr, flush=True)


def prepare_files(runner, options, scratch):
    """Makes what is missing: synthetic images, and the file of images in gzip. Returns the files to load."""
    runner.models = scratch
    runner.folders = {str(scratch): "SCRATCH", str(options.node_modules): "NODE_MODULES"}
    if not options.workloads:
        return []
    if options.data is None:
        options.data = scratch
        runner.run(runner.bench, ["data", scratch])
    runner.folders[str(options.data)] = "DATA"
    plain = Path(options.data) / "train-images-idx3-ubyte"
    packed = Path(options.data) / "train-images-idx3-ubyte.gz"
    files = [path for path in (plain, packed) if path.exists()]
    if plain.exists() and not packed.exists() and not options.quick:
        files.append(Path(scratch) / packed.name)
        with open(plain, "rb") as source, gzip.open(files[-1], "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target)
    return files


def describe_programs(runner, options):
    """What each library says of itself; the others only when they are there and wanted.

    PyTorch writes the files of ONNX Runtime."""
    described = {"libdae": runner.run(runner.bench, ["describe"])[0]}
    options.networks = choose_networks(options.networks, described["libdae"]["networks"])
    if options.torch:
        describe_peer(runner, described, "pytorch", runner.torch, [])
    if "pytorch" in described and options.networks and options.onnx:
        describe_peer(runner, described, "onnxruntime", runner.onnx, ["--node-modules", options.node_modules])
    if "onnxruntime" in described:
        runner.run(runner.torch, ["export", "--output", runner.models])
    return described


def describe_peer(runner, described, library, program, arguments):
    """Adds what a peer says of itself, or says once that it is left out."""
    try:
        summary = runner.run(program, ["describe", *arguments])[0]
    except (Failed, OSError) as error:
        summary = {"event": "skipped", "reason": str(error)}
    if summary["event"] == "skipped":
        note(f"without {library}: {summary['reason']} ({program[0]})")
    else:
        described[library] = summary


def choose_networks(wanted, names):
    """Those that are wanted: None stands for all."""
    unknown = set(wanted or []) - set(names)
    if unknown:
        raise Failed(f"--networks: found {', '.join(sorted(unknown))}, expected some of {', '.join(names)}")
    return names if wanted is None else wanted


def parse_names(text):
    """Names with commas, or none."""
    return [] if text == "none" else text.split(",")


def parse_workloads(text):
    workloads = []
    if text == "none":
        return workloads
    for word in text.split(","):
        hidden, _, noise = word.partition(":")
        if not hidden.isdigit() or noise not in ("once", "fresh"):
            raise argparse.ArgumentTypeError(f"found {word}, expected such as 128:once or 1024:fresh")
        workloads.append((int(hidden), noise))
    return workloads


def parse_threads(text):
    """Numbers with commas; 0 stands for all processors."""
    try:
        return list(dict.fromkeys(int(word) or machine.processors() for word in text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text}, expected such as 1,2") from None


def parse_options(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bench", type=Path, help="the program `bench` (default: that of ./build)")
    parser.add_argument("--data", help="folder with MNIST's IDX files (default: synthetic images)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=parse_threads, default=parse_threads("1,0"),
                        help="such as 1,2; 0 is all processors (default: 1,0)")
    parser.add_argument("--workloads", type=parse_workloads,
                        default=parse_workloads("128:once,128:fresh,1024:once"),
                        help="hidden units and noise (default: 128:once,128:fresh,1024:once), or none")
    parser.add_argument("--networks", type=parse_names, help="names with commas, or none (default: all)")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of a network's training")
    parser.add_argument("--node-modules", default="node_modules", help="a folder that has onnxruntime-node")
    parser.add_argument("--no-onnx", dest="onnx", action="store_false", help="without ONNX Runtime")
    parser.add_argument("--precisions", type=lambda text: text.split(","), default=["float32", "bfloat16"])
    parser.add_argument("--samples", type=int, default=60000, help="images to train on")
    parser.add_argument("--repeats", type=int, default=20000, help="timed calls for latency")
    parser.add_argument("--torch-python", default="/usr/bin/python3", help="an interpreter that has torch")
    parser.add_argument("--no-torch", dest="torch", action="store_false", help="libdae alone")
    parser.add_argument("--quick", action="store_true",
                        help="one round, two epochs of 10000 images, 128:once, one network: to see that it "
                             "works")
    parser.add_argument("--save", type=Path, help="keep all results in this file, after each round")
    parser.add_argument("--load", type=Path, help="run nothing, print the tables of a file kept by --save")
    options = parser.parse_args(words)
    if options.quick:
        options.rounds, options.epochs, options.samples, options.repeats = 1, 2, 10000, 2000
        options.workloads, options.networks, options.steps = [(128, "once")], ["conv_autoencoder"], 3
    if options.bench is None:
        options.bench = Path("build") / "tests" / "benchmark" / "bench"
    options.bench = options.bench.resolve()
    return options


def measure(options, words):
    """Runs everything; what tables.report() prints. Kept after each round, so that little is lost."""
    runner = Runner(options)
    study = {"machine": machine.describe(), "date": time.strftime("%Y-%m-%d"), "command": words,
             "load_before": machine.load(), "commands": runner.commands, "records": runner.records}
    with tempfile.TemporaryDirectory() as scratch:
        files = prepare_files(runner, options, scratch)
        described = describe_programs(runner, options)
        study["libraries"] = {library: summary["runtime"] for library, summary in described.items()}
        for number in range(1, options.rounds + 1):
            note(f"round {number} of {options.rounds}")
            run_round(runner, options, described, files, number)
            study["load_after"] = machine.load()
            if options.save:
                options.save.write_text(json.dumps(study, indent=1) + "\n", encoding="utf-8")
    return study


def main(words):
    options = parse_options(words)
    if options.load:
        study = json.loads(options.load.read_text(encoding="utf-8"))
    else:
        if not options.bench.is_file():
            print(f"compare.py: {options.bench} is not there; say where it is with --bench", file=sys.stderr)
            return 2
        try:
            study = measure(options, words)
        except Failed as error:
            print(f"compare.py: {error}", file=sys.stderr)
            return 1
    print(tables.report(study))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
