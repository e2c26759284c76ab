#!/usr/bin/env python3
"""Runs the MNIST experiment on the bundled digits and looks at everything that it writes.

usage: check_mnist.py --program FILE [--pictures yes|no]
"""

import argparse
import csv
import errno
import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

OPTIONS = argparse.Namespace(program=None, pictures=True)


def run(*arguments, status=0):
    """What the program prints, on both streams."""
    done = subprocess.run([OPTIONS.program, *map(str, arguments)], capture_output=True, text=True, timeout=240)
    if done.returncode != status:
        raise AssertionError(f"{arguments}: exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def read_png(path):
    """(width, height, rows of bytes) of an 8-bit PNG without interlacing; checks every chunk's checksum."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, pixels, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        (checksum,) = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        assert checksum == zlib.crc32(kind + body), f"{path}: {kind}"
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            pixels += body
        at += 12 + length
    width, height, depth, color, _, _, interlace = header
    assert depth == 8 and interlace == 0, header
    channels = {0: 1, 2: 3, 6: 4}[color]
    return width, height, channels, unfilter(zlib.decompress(pixels), width * channels, height, channels)


def unfilter(raw, stride, height, channels):
    rows, above = [], bytearray(stride)
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if kind else 0):
            left = row[i - channels] if i >= channels else 0
            corner = above[i - channels] if i >= channels else 0
            row[i] = (row[i] + predict(kind, left, above[i], corner)) & 255
        rows.append(row)
        above = row
    return rows


def predict(kind, left, up, corner):
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]


class Experiment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.output = Path(cls.folder.name) / "new" / "results"
        cls.stdout, cls.stderr = run("--epochs", 3, "--seed", 7, "--output", cls.output)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_it_says_that_the_digits_are_the_bundled_ones(self):
        self.assertIn("small slice", self.stdout)
        self.assertIn("1000", self.stdout.replace(",", ""))

    def test_it_prints_a_line_an_epoch(self):
        lines = [line for line in self.stdout.splitlines() if line.startswith("epoch ")]
        self.assertEqual(len(lines), 3)
        self.assertNotIn("\r", self.stdout)
        self.assertEqual(self.stderr, "")

    def test_the_report_names_what_it_wrote(self):
        names = ["denoiser.safetensors", "history.csv"] + ["loss.png", "denoised.png"] * OPTIONS.pictures
        for name in names:
            self.assertIn(str(self.output / name), self.stdout)
            self.assertTrue((self.output / name).stat().st_size > 0, name)
        self.assertIn("dead", self.stdout.lower())
        self.assertIn("PSNR", self.stdout)

    def test_history(self):
        with open(self.output / "history.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["epoch", "seconds", "loss", "val_loss", "val_psnr"])
        self.assertEqual([row["epoch"] for row in rows], ["1", "2", "3"])
        losses = [float(row["loss"]) for row in rows]
        self.assertTrue(losses[0] > losses[1] > losses[2] > 0.03, losses)
        # between the oracles: worse than a trained model, better than answering with all zeros (MSE 0.114)
        self.assertTrue(0.03 < float(rows[2]["val_loss"]) < 0.114, rows[2])

    def test_model_is_a_safetensors_file(self):
        data = (self.output / "denoiser.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        metadata = header.pop("__metadata__")
        self.assertIn("gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)", metadata["dae.noise"])
        shapes = {name: tensor["shape"] for name, tensor in header.items()}
        self.assertEqual(shapes, {"0.weight": [128, 784], "0.bias": [128], "1.weight": [784, 128], "1.bias": [784]})
        self.assertEqual(len(data), 8 + length + 4 * 201616)

    def look_at(self, name, least_width, least_height, least_colors):
        if not OPTIONS.pictures:
            self.skipTest("this build makes no pictures")
        width, height, channels, rows = read_png(self.output / name)
        self.assertGreaterEqual(width, least_width)
        self.assertGreaterEqual(height, least_height)
        colors = {}
        for row in rows:
            for x in range(0, len(row), channels):
                color = bytes(row[x:x + 3])
                colors[color] = colors.get(color, 0) + 1
        self.assertGreaterEqual(len(colors), least_colors)
        background = max(colors.values()) / (width * height)
        self.assertTrue(0.2 < background < 0.98, background)
        return colors

    def test_loss_picture(self):
        colors = self.look_at("loss.png", 600, 400, 20)
        vivid = sum(count for color, count in colors.items() if max(color) - min(color) > 100)
        self.assertGreater(vivid, 500, "no curves")

    def test_the_lines_of_the_loss_picture_have_labels(self):
        """To the right of the axis, each in the colour of its line."""
        self.look_at("loss.png", 600, 400, 20)
        width, _, channels, rows = read_png(self.output / "loss.png")
        right = [row[x:x + 3] for row in rows for x in range(width * 7 // 8 * channels, len(row), channels)]
        self.assertGreater(sum(blue - red > 100 for red, _, blue in right), 50, "training, blue")
        self.assertGreater(sum(red - blue > 100 for red, _, blue in right), 50, "validation, orange")

    def test_digits_picture(self):
        # 10 columns and 3 rows of 28 x 28 pixels, noise in all shades of grey
        self.look_at("denoised.png", 280, 84, 200)

    def test_two_rows_of_digits_have_their_psnr(self):
        """Beside the digits are five lines of text: two names and their PSNR, and the name of the clean row."""
        self.look_at("denoised.png", 280, 84, 200)
        _, _, channels, rows = read_png(self.output / "denoised.png")
        inked = [set(row[:150 * channels]) != {255} for row in rows[80:]]
        lines = sum(inked[i] and not any(inked[i - 4:i]) for i in range(4, len(inked)))  # dots stand nearer
        self.assertEqual(lines, 5)


class Usage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name)

    def complains(self, status, word, *arguments):
        stdout, stderr = run(*arguments, status=status)
        if status == 1:
            self.assertEqual(len(stderr.strip().splitlines()), 1, stderr)
        self.assertIn(word, stderr)
        return stderr

    def test_help(self):
        stdout, stderr = run("--help")
        for option in ("--data --epochs --batch-size --hidden --learning-rate --optimizer --schedule --momentum --noise-mean "
                       "--noise-stddev --clip --no-clip --noise --hidden-activation --output-activation --seed --threads "
                       "--precision --checkpoint --checkpoint-every --resume --output --help").split():
            self.assertIn(option, stdout)
        self.assertEqual(stderr, "")

    def test_wrong_usage(self):
        for arguments in (["--epochs", "many"], ["--epochs", "0"], ["--no-such-option"], ["--optimizer", "lbfgs"],
                          ["--noise", "twice"], ["stray"], ["--batch-size"], ["--learning-rate", "-1"],
                          ["--schedule", "linear(10)"], ["--schedule", "cosine(0)"], ["--checkpoint", ""],
                          ["--checkpoint", "file", "--checkpoint-every", "0"]):
            with self.subTest(arguments=arguments):
                # without a name: it may be that of run_mnist.sh
                self.assertRegex(self.complains(2, "", *arguments), "^mnist_denoise: .*\nTry --help.\n$")

    def test_limits_are_named(self):
        for option, least, wrong in (("learning-rate", "1e-30", ("1e7", "1e-31", "0", "-1", "nan", "fast")),
                                     ("noise-mean", "-1e6", ("1.1e6", "-1.1e6", "inf")),
                                     ("noise-stddev", "0", ("1e39", "-0.5", "1e400"))):
            for number in wrong:
                with self.subTest(option=option, number=number):
                    self.complains(2, f"--{option} must be a number from {least} to 1e6, not '{number}'",
                                   f"--{option}={number}")

    def test_options_that_need_another_one(self):
        for arguments, word in ((["--checkpoint-every", "5"], "--checkpoint FILE"),
                                (["--momentum", "0.9"], "--optimizer sgd"),
                                (["--optimizer", "adam", "--momentum", "0"], "--optimizer sgd")):
            with self.subTest(arguments=arguments):
                self.assertIn(word, self.complains(2, arguments[-2], "--output", self.output / "absent", *arguments))
                self.assertFalse((self.output / "absent").exists())

    def test_a_checkpoint_in_the_place_of_a_result(self):
        """However the folder is written, and whether it exists or not."""
        for name in ("denoiser.safetensors", "history.csv", "loss.png", "denoised.png"):
            for output, folder in ((self.output, self.output), (self.output, f"{self.output}/../{self.output.name}"),
                                   (f"{self.output}/new/", f"{self.output}//./new"), (".", ""), ("new", "./new"),
                                   ("./new/.", "new")):
                path = os.path.join(folder, name)
                with self.subTest(output=output, path=path):
                    self.complains(2, f"--checkpoint must not name '{path}'", "--output", output, "--checkpoint", path)
        for folder in ("newer", "ne", "new/new", "other"):
            with self.subTest(folder=folder):
                self.complains(1, "could not write", "--output", self.output / "new",
                               "--checkpoint", self.output / folder / "history.csv")

    def test_missing_data(self):
        self.complains(1, "train-images-idx3-ubyte", "--data", self.output, "--output", self.output / "out")

    def test_data_without_labels(self):
        data = self.output / "data"
        data.mkdir()
        for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"):
            (data / name).write_bytes(b"\0\0\x08\x03" + struct.pack(">III", 12, 28, 28) + bytes(range(196)) * 48)
        stdout, stderr = run("--epochs", 1, "--data", data, "--output", self.output / "out")
        self.assertEqual(stderr, "")
        self.assertEqual("whatever their class" in stdout, OPTIONS.pictures)

    def test_labels_that_cannot_be_used(self):
        """They are said before training, and are no reason for another picture: only a folder without labels is."""
        data = self.output / "data"
        data.mkdir()
        images = b"\0\0\x08\x03" + struct.pack(">III", 12, 28, 28) + bytes(range(196)) * 48
        for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"):
            (data / name).write_bytes(images)
        labels = b"\0\0\x08\x01" + struct.pack(">I", 12) + bytes([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 1])
        packed = gzip.compress(labels)
        arguments = "--epochs", 1, "--data", data, "--output", self.output / "out"
        for name, content, word in (("", labels[:-1], "offset"), ("", b"", "offset"), ("", images, "holds no labels"),
                                    ("", b"\0\0\x08\x01" + struct.pack(">I", 11) + bytes(11), "11 labels"),
                                    (".gz", packed[:-9], "gzip"), (".gz", packed[:-1], "gzip"), ("", None, "")):
            path = data / f"t10k-labels-idx1-ubyte{name}"
            with self.subTest(name=name, content=content):
                if content is None:
                    path.mkdir()
                else:
                    path.write_bytes(content)
                stderr = self.complains(1, word, *arguments)
                self.assertIn(str(path), stderr)
                self.assertFalse((self.output / "out" / "denoiser.safetensors").exists())
                path.rmdir() if content is None else path.unlink()
        (data / "t10k-labels-idx1-ubyte").write_bytes(labels)
        stdout, stderr = run(*arguments)
        self.assertEqual((stderr, "of each class" in stdout), ("", OPTIONS.pictures))

    def test_data_that_cannot_be_looked_for(self):
        """What stands in the way is not taken for a file that is missing."""
        (self.output / "file").write_text("in the way")
        out = "--output", self.output / "out"
        self.complains(1, os.strerror(errno.ENOTDIR), "--data", self.output / "file", *out)
        (self.output / "loop").symlink_to("loop")
        self.complains(1, os.strerror(errno.ELOOP), "--data", self.output / "loop", *out)
        self.complains(1, "longer than", "--data", "x/" * 2100, *out)
        self.complains(1, os.strerror(errno.ENAMETOOLONG), "--data", "x" * 300, *out)

    def test_broken_data(self):
        data = self.output / "data"
        data.mkdir()
        for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"):
            (data / name).write_bytes(b"\0\0\x08\x03" + struct.pack(">III", 10, 28, 28) + bytes(100))
        self.complains(1, "train-images-idx3-ubyte", "--data", data, "--output", self.output / "out")

    def test_output_that_cannot_be(self):
        (self.output / "file").write_text("in the way")
        for path in (self.output / "file" / "below", self.output / "file"):
            stderr = self.complains(1, os.strerror(errno.ENOTDIR), "--epochs", 1, "--output", path)
            self.assertIn(f"'{path}'" if path.name == "file" else f"'{path.parent}'", stderr)
        # where nobody may make a folder, not even root: the system's reason, whatever it is
        for place in ("/sys/dae", "/sys/dae/below/this", "/proc/dae"):
            top = Path(*Path(place).parts[:3])
            try:
                top.mkdir()
            except OSError as error:
                stderr = self.complains(1, os.strerror(error.errno), "--epochs", 1, "--output", place)
                self.assertIn(f"'{top}'", stderr)
            else:
                top.rmdir()
        if os.geteuid() != 0:
            self.output.chmod(0o555)
            self.complains(1, os.strerror(errno.EACCES), "--epochs", 1, "--output", self.output / "new" / "folder")
            self.complains(1, os.strerror(errno.EACCES), "--epochs", 1, "--output", self.output)
            self.output.chmod(0o755)

    def test_every_choice_trains(self):
        for arguments in (["--no-clip", "--noise", "fresh"], ["--output-activation", "sigmoid", "--hidden", "32"],
                          ["--optimizer", "sgd", "--momentum", "0.9", "--learning-rate", "0.1"],
                          ["--schedule", "cosine(steps=4)"], ["--hidden-activation", "tanh"],
                          ["--output-activation=linear", "--batch-size=100", "--threads=2"]):
            with self.subTest(arguments=arguments):
                run("--epochs", 1, "--output", self.output, *arguments)

    def test_what_training_has_to_say(self):
        stdout, _ = run("--epochs", 4, "--output", self.output, "--hidden", 8, "--optimizer", "sgd", "--learning-rate", "1e-30")
        self.assertIn("The learning rate is 1e-30", " ".join(stdout.split()))

    def test_hidden_activation(self):
        """It is in the model that is written, and said above the training when it is not the usual one."""
        for name, said in (("relu", False), ("leaky_relu", True), ("tanh", True)):
            with self.subTest(name=name):
                stdout, _ = run("--epochs", 1, "--output", self.output, "--hidden-activation", name)
                model = (self.output / "denoiser.safetensors").read_bytes()
                self.assertIn(f"dense(units=128, activation={name}".encode(), model)
                self.assertEqual(f"{name} hidden, relu output" in stdout, said)
        self.complains(2, "--hidden-activation must be relu, leaky_relu or tanh, not 'gelu'",
                       "--hidden-activation", "gelu")

    def test_long_settings(self):
        """They are said in the order of their names, and stay within the pictures."""
        for schedule in ("cosine(steps=100)", "cosine(steps=100, " + 150 * " " + "alpha=0.1)"):
            stdout, _ = run("--epochs", 2, "--output", self.output, "--hidden-activation", "leaky_relu",
                            "--optimizer", "sgd", "--learning-rate", "0.01", "--schedule", schedule)
            said = " ".join(f"sgd 0.01 by {schedule}, momentum 0.8, batch 256".split())
            self.assertIn(said, " ".join(stdout.split()))
            for name, margin in (("loss.png", 36), ("denoised.png", 26)) * OPTIONS.pictures:
                with self.subTest(name=name, schedule=schedule):
                    width, _, channels, rows = read_png(self.output / name)
                    for row in rows:
                        self.assertEqual(set(row[(width - margin) * channels:]), {255})

    def test_interrupt_keeps_what_is_done(self):
        stdout, stderr, status = interrupt(signal.SIGINT, "--epochs", 100000, "--output", self.output)
        self.assertEqual(status, 130, stderr)
        self.assertIn("Ctrl-C", stdout)
        self.assertNotIn("--resume", stdout)
        rows = (self.output / "history.csv").read_text().splitlines()[1:]
        self.assertGreaterEqual(len(rows), 2)
        self.assertTrue((self.output / "denoiser.safetensors").exists())


def interrupt(number, *arguments):
    """Sends a signal after the second epoch that is shown: what the program prints, and its exit status."""
    program = subprocess.Popen([OPTIONS.program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    seen, epochs = "", 0
    while epochs < 2:
        line = program.stdout.readline()
        if not line:
            raise AssertionError(f"the program ended by itself: {seen}{program.communicate()[1]}")
        seen += line
        epochs += line.startswith("epoch ")
    program.send_signal(number)
    stdout, stderr = program.communicate(timeout=60)
    return seen + stdout, stderr, program.returncode


class Resuming(unittest.TestCase):
    """Training that is interrupted and continues ends in the bytes of training that was not."""

    EPOCHS = 30
    SETTING = ("--epochs", EPOCHS, "--hidden", 64, "--noise", "fresh", "--schedule", "cosine(steps=120)")

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.straight = Path(cls.folder.name) / "straight"
        cls.file = Path(cls.folder.name) / "straight.checkpoint"
        run(*cls.SETTING, "--checkpoint", cls.file, "--output", cls.straight)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name) / "output"
        self.checkpoint = Path(folder.name) / "run.checkpoint"
        self.arguments = (*self.SETTING, "--output", self.output, "--checkpoint", self.checkpoint)

    def compare(self):
        self.assertEqual((self.output / "denoiser.safetensors").read_bytes(),
                         (self.straight / "denoiser.safetensors").read_bytes())
        histories = []
        for folder in (self.output, self.straight):
            with open(folder / "history.csv", newline="") as file:
                histories.append([{**row, "seconds": ""} for row in csv.DictReader(file)])
        self.assertEqual(*histories)
        self.assertEqual(len(histories[0]), self.EPOCHS)

    def refused(self, status, *arguments):
        """The sentence on standard error."""
        stdout, stderr = run(*arguments, "--output", self.output, status=status)
        self.assertNotIn("\nepoch ", stdout)
        self.assertFalse((self.output / "denoiser.safetensors").exists())
        self.assertEqual(len(stderr.splitlines()), 1 if status == 1 else 2, stderr)
        return stderr

    def test_ctrl_c(self):
        stdout, stderr, status = interrupt(signal.SIGINT, *self.arguments)
        self.assertEqual((status, stderr), (130, ""))
        self.assertIn(f"The same command with --resume continues from {self.checkpoint}.", stdout)
        stdout, stderr, status = interrupt(signal.SIGINT, *self.arguments, "--resume")
        self.assertEqual((status, stderr), (130, ""))
        self.assertIn(f"The same command continues from {self.checkpoint}.", stdout)
        stdout, _ = run(*self.arguments, "--resume")
        self.assertRegex(stdout, r"Continuing from .*: [0-9]+ of 30 epochs are done, and [0-3] of 4 batches of the next")
        self.compare()

    def test_kill(self):
        # 4 batches an epoch: the checkpoint is within one more often than not
        _, _, status = interrupt(signal.SIGKILL, *self.arguments, "--checkpoint-every", 3)
        self.assertEqual(status, -signal.SIGKILL)
        self.assertFalse(self.output.joinpath("denoiser.safetensors").exists())
        stdout, _ = run(*self.arguments, "--resume")
        self.assertRegex(stdout, r"Continuing from .*: [1-9][0-9]* of 30 epochs are done")
        self.compare()

    def test_nothing_left_to_train(self):
        stdout, stderr = run(*self.SETTING, "--checkpoint", self.file, "--resume", "--output", self.output)
        self.assertEqual(stderr, "")
        self.assertIn("nothing is left to train", stdout)
        self.assertNotIn("Continuing", stdout)
        self.compare()

    def test_more_epochs(self):
        few = (*self.SETTING, "--epochs", self.EPOCHS - 1, "--output", self.output, "--checkpoint", self.checkpoint)
        run(*few)
        stdout, _ = run(*self.arguments, "--resume")
        self.assertIn("29 of 30 epochs are done, and 0 of 4 batches of the next", stdout)
        self.assertEqual(stdout.count("\nepoch "), 1)
        self.compare()

    def test_resume_needs_a_checkpoint(self):
        self.assertIn("--checkpoint", self.refused(2, "--resume"))
        self.assertIn("run.checkpoint: could not open", self.refused(1, "--resume", "--checkpoint", self.checkpoint))
        self.checkpoint.write_bytes(self.file.read_bytes()[:-1])
        self.assertIn("run.checkpoint", self.refused(1, "--resume", "--checkpoint", self.checkpoint))

    def test_a_checkpoint_that_cannot_be_is_found_before_training(self):
        for path in (self.output, self.output / "absent" / "run"):
            self.output.mkdir(exist_ok=True)
            self.assertIn(f"{path}: could not", self.refused(1, *self.SETTING, "--checkpoint", path))

    def test_kill_in_the_first_batches(self):
        program = subprocess.Popen([OPTIONS.program, *map(str, self.arguments), "--checkpoint-every", "1000000"],
                                   stdout=subprocess.PIPE, text=True)
        while not program.stdout.readline().startswith("epoch "):
            self.assertIsNone(program.poll())
        program.kill()
        program.communicate()
        stdout, _ = run(*self.arguments, "--resume")
        self.assertIn("0 of 30 epochs are done, and 0 of 4 batches of the next", stdout)
        self.compare()

    def test_other_data_are_refused(self):
        """Fewer and more images than those of the checkpoint: what is said of its batches must not be nonsense."""
        few = (*self.SETTING, "--epochs", 2, "--checkpoint", self.checkpoint, "--output", self.output)
        run(*few)
        for path in self.output.iterdir():
            path.unlink()
        data = self.output.parent / "data"
        data.mkdir()
        for count in (300, 3000):
            with self.subTest(count=count):
                for name, images in (("train", count), ("t10k", 20)):
                    (data / f"{name}-images-idx3-ubyte").write_bytes(
                        b"\0\0\x08\x03" + struct.pack(">III", images, 28, 28) + bytes(range(196)) * 4 * images)
                stdout, stderr = run(*few, "--epochs", 3, "--resume", "--data", data, status=1)
                self.assertNotIn("Continuing", stdout)
                self.assertRegex(stderr, "the dataset, .* is not what the checkpoint was written with")

    def test_another_setting_is_refused(self):
        before = self.file.read_bytes()
        for arguments, words in ((("--batch-size", 100), ("batch size", "256", "100")),
                                 (("--seed", 2), ("seed", "1", "2")),
                                 (("--hidden", 65), ("units=64", "units=65")),
                                 (("--hidden-activation", "tanh"), ("relu", "tanh")),
                                 (("--optimizer", "sgd"), ("adam", "sgd")),
                                 (("--learning-rate", 0.5), ("learning rate", "0.001", "0.5")),
                                 (("--schedule", "constant"), ("cosine", "constant")),
                                 (("--noise-mean", 0.25), ("noise", "mean=0.5", "mean=0.25")),
                                 (("--noise", "once", "--epochs", self.EPOCHS + 1), ("dataset", "noise mode")),
                                 (("--epochs", self.EPOCHS - 1), ("30", "--epochs 29"))):
            with self.subTest(arguments=arguments):
                sentence = self.refused(1, *self.SETTING, "--resume", "--checkpoint", self.file, *arguments)
                for word in words:
                    self.assertIn(word, sentence)
                self.assertEqual(self.file.read_bytes(), before)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=os.path.abspath)
    parser.add_argument("--pictures", default="yes", choices=["yes", "no"])
    arguments, rest = parser.parse_known_args()
    OPTIONS.program, OPTIONS.pictures = arguments.program, arguments.pictures == "yes"
    unittest.main(argv=[sys.argv[0], *rest])
