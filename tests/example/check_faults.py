#!/usr/bin/env python3
"""Runs example programs where they cannot write or read: one sentence for each failure, and exit status 1; and with
arguments that they do not take, or ask for help.

usage: check_faults.py --folder FOLDER_OF_THE_PROGRAMS [--pictures yes|no]
"""

import argparse
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OPTIONS = argparse.Namespace(folder=None, pictures=True)
PROGRAMS = sorted(path.stem for path in Path(__file__).parents[2].glob("examples/[0-9]*.c"))
TAKES_A_PATH = ("03_train", "04_save_load", "09_checkpoint")


def run(program, *arguments, cwd=None, stdout=subprocess.PIPE, largest_file=None):
    """The finished program. Writing beyond `largest_file` bytes fails as on a full disk."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run([OPTIONS.folder / program, *map(str, arguments)], cwd=cwd, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=240,
                          preexec_fn=None if largest_file is None else limit)


class Faults(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def failed(self, done, *words):
        """It ended with status 1 and a sentence for each of the words, in their order."""
        lines = done.stderr.splitlines()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(lines), len(words), done.stderr)
        for line, word in zip(lines, words):
            self.assertIn(word, line)

    def test_standard_output_is_full(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        for program in ("01_noise", "02_model", "04_save_load", "09_checkpoint"):
            with self.subTest(program=program), open("/dev/full", "w") as full:
                self.failed(run(program, cwd=self.folder, stdout=full), "standard output")
        with open("/dev/full", "w") as full:
            self.failed(run("mnist_denoise", "--epochs", 1, "--output", self.folder, stdout=full), "standard output")

    def test_help(self):
        for program in (*PROGRAMS, "mnist_denoise"):
            for option in ("--help", "-h"):
                with self.subTest(program=program, option=option):
                    done = run(program, option, cwd=self.folder)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertRegex(done.stdout, f"^Usage: .*{program} .*\n(.*\n)*.*[A-Z]")
                    self.assertEqual("PATH" in done.stdout, program in TAKES_A_PATH)
        self.assertEqual(os.listdir(self.folder), [])

    def test_wrong_arguments(self):
        """An option is no path, either."""
        for program in PROGRAMS:
            for arguments in (["--no-such-option"], ["-"], ["one", "two"]):
                with self.subTest(program=program, arguments=arguments):
                    done = run(program, *arguments, cwd=self.folder)
                    self.assertEqual((done.returncode, done.stdout), (2, ""))
                    found = arguments[-1 if program in TAKES_A_PATH else 0]
                    self.assertRegex(done.stderr, f"^.*{program}: found the argument '{found}', expected .*--help\n$")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_model_that_cannot_be_saved(self):
        self.failed(run("04_save_load", self.folder), "folder")
        self.failed(run("04_save_load", self.folder / "absent" / "model"), "absent/model: could not write")
        path = self.folder / "model"
        path.write_text("old")
        self.failed(run("04_save_load", path, largest_file=1000), "model: could not write: File too large")
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(os.listdir(self.folder), ["model"])

    def test_a_checkpoint_that_cannot_be_written_ends_training(self):
        path = self.folder / "checkpoint"
        self.failed(run("09_checkpoint", self.folder / "absent" / "checkpoint"), "absent/checkpoint: could not write")
        path.write_text("old")
        self.failed(run("09_checkpoint", path, largest_file=1000), "checkpoint: could not write: File too large")
        arguments = "--epochs", 1, "--checkpoint", path, "--output", self.folder
        self.failed(run("mnist_denoise", *arguments, largest_file=1000), "checkpoint: could not write: File too large")
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(os.listdir(self.folder), ["checkpoint"])

    def test_a_full_disk_keeps_the_results_that_were_there(self):
        names = ["denoiser.safetensors", "history.csv"] + ["loss.png", "denoised.png"] * OPTIONS.pictures
        for name in names:
            (self.folder / name).write_text("old")
        self.failed(run("mnist_denoise", "--epochs", 1, "--output", self.folder, largest_file=20), *names)
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))
        for name in names:
            self.assertEqual((self.folder / name).read_text(), "old", name)

    def test_what_has_room_is_written(self):
        done = run("mnist_denoise", "--epochs", 1, "--output", self.folder, largest_file=1000)
        self.failed(done, "denoiser.safetensors", *["loss.png", "denoised.png"] * OPTIONS.pictures)
        self.assertEqual(os.listdir(self.folder), ["history.csv"])
        self.assertIn("history.csv", done.stdout)

    def test_no_room_at_all_shows_before_training(self):
        done = run("mnist_denoise", "--epochs", 1, "--output", self.folder, largest_file=0)
        self.failed(done, str(self.folder))
        self.assertNotIn("epoch ", done.stdout)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_result_that_is_not_the_one_to_show(self):
        """Exit status 1 has its sentence, too: digits of which a denoiser learns nothing."""
        path = self.folder / "images"
        path.write_bytes(b"\0\0\x0D\x03" + struct.pack(">III", 801, 28, 28) + struct.pack(">f", 1e6) * 801 * 784)
        self.failed(run("03_train", path), "not the one")

    def test_missing_data(self):
        done = run("mnist_denoise", "--data", self.folder / "absent", "--output", self.folder)
        self.failed(done, "absent")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, type=lambda path: Path(path).absolute())
    parser.add_argument("--pictures", default="yes", choices=["yes", "no"])
    arguments, rest = parser.parse_known_args()
    OPTIONS.folder, OPTIONS.pictures = arguments.folder, arguments.pictures == "yes"
    unittest.main(argv=[sys.argv[0], *rest])
