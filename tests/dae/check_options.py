#!/usr/bin/env python3
"""The table of commands and options: help, man page, completions and what is taken say the same; mistakes are told.

usage: check_options.py --program FILE --build FOLDER
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support  # noqa: E402
from support import OPTIONS, Case, run  # noqa: E402

COMMANDS = ["train", "denoise", "evaluate", "noise", "info", "kinds"]


def help_options(command):
    """{name: letter or None} of what --help of a command lists."""
    lines = re.findall(r"^ {2}(?:-(\w), |    )--([a-z-]+)", run(command, "--help")[0], re.MULTILINE)
    return {name: letter or None for letter, name in lines}


class Table(Case):
    def test_help_lists_all_commands(self):
        listed = re.findall(r"^  ([a-z]+) +[a-z]", run("--help")[0], re.MULTILINE)
        self.assertEqual(listed[:len(COMMANDS)], COMMANDS)
        for spelling in (["-h"], ["help"]):
            self.assertEqual(run(*spelling)[0], run("--help")[0])
        self.assertEqual(run("help", "train")[0], run("train", "--help")[0])
        self.assertEqual(run(status=2)[0], run("--help")[0])

    def test_help_fits_a_terminal(self):
        for command in COMMANDS:
            for line in run(command, "--help")[0].split("Examples")[0].splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_every_option_is_taken_by_its_command_and_by_no_other(self):
        everything = {}
        for command in COMMANDS:
            everything[command] = help_options(command)
            self.assertIn("help", everything[command])
        names = set().union(*everything.values())
        self.assertGreater(len(names), 25)
        for command in COMMANDS:
            for name in names - {"help", "version"}:
                # an option that is known fails for another reason, as it needs a value or goes on to the operands
                _, err = run(command, f"--{name}=", "--no-such-option", status=2)
                if name in everything[command]:
                    self.assertNotRegex(err, rf"has no option '--{name}'", command)
                else:
                    self.assertRegex(err, rf"has no option '--{name}'|has no option '--{name}", command)

    def test_the_man_page_has_what_help_has(self):
        page = OPTIONS.build / "dae.1.scd"
        if not page.exists():
            self.skipTest("no man page in this build")
        sections = re.split(r"^# ", page.read_text(), flags=re.MULTILINE)
        for command in COMMANDS:
            section = next(s for s in sections if s.startswith(f"DAE {command}\n"))
            found = dict((name, letter or None) for letter, name in
                         re.findall(r"^(?:\*-(\w)\*, )?\*--([a-z-]+)\*", section, re.MULTILINE))
            self.assertEqual(found, help_options(command), command)
        self.assertTrue((OPTIONS.build / "dae.1").read_text().startswith(".\\\""), "not a man page")

    def test_generated_files_are_those_of_the_program(self):
        for shell, name in (("bash", "dae.bash"), ("zsh", "_dae")):
            self.assertEqual(run("generate", shell)[0], (OPTIONS.build / name).read_text())
        run("generate", "fish", status=2)


class Completion(Case):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dae; printf "%s\\n" "${COMPREPLY[@]}"')
        path = str(Path(OPTIONS.program).parent)
        done = subprocess.run(["bash", "-c", script, "bash", OPTIONS.build / "dae.bash", "dae", *words],
                              capture_output=True, text=True, cwd=self.folder, env={"PATH": f"{path}:/usr/bin:/bin", **LIBRARY})
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def setUp(self):
        super().setUp()
        if shutil.which("bash") is None:
            self.skipTest("no bash")

    def test_commands_and_options(self):
        self.assertEqual(self.complete(""), COMMANDS + ["--help", "--version"])
        self.assertEqual(self.complete("de"), ["denoise"])
        for command in COMMANDS:
            self.assertEqual(sorted(self.complete(command, "--")), sorted(f"--{name}" for name in help_options(command)))

    def test_values(self):
        (self.folder / "photo.png").touch()
        self.assertEqual(self.complete("denoise", "ph"), ["photo.png"])
        self.assertEqual(self.complete("denoise", "-m", "ph"), ["photo.png"])
        self.assertEqual(self.complete("train", "--precision", "b"), ["bfloat16"])
        self.assertEqual(self.complete("train", "--epochs", ""), [])
        self.assertIn("gaussian", self.complete("train", "--noise", "g"))
        self.assertIn("unet", self.complete("train", "--model", ""))
        self.assertIn("noise", self.complete("kinds", ""))
        self.assertIn("gaussian", self.complete("kinds", "noise", "gau"))

    def test_shells_find_nothing_wrong(self):
        checks = [["shellcheck", "--shell=bash", OPTIONS.build / "dae.bash"], ["zsh", "-n", OPTIONS.build / "_dae"]]
        for check in checks:
            if shutil.which(check[0]) is not None:
                done = subprocess.run(check, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


MISTAKES = [  # arguments, what the sentence says
    (["trian"], "did you mean 'train'"),
    (["frobnicate"], "dae --help lists"),
    (["train", "x", "-o", "y", "--epocs", "3"], "did you mean --epochs"),
    (["train", "x", "-o", "y", "--epochs", "0"], "'0', expected a whole number from 1"),
    (["train", "x", "-o", "y", "--epochs", "1.5"], "expected a whole number"),
    (["train", "x", "-o", "y", "--epochs", " 3"], "expected a whole number"),
    (["train", "x", "-o", "y", "--epochs", "nan"], "expected a whole number"),
    (["train", "x", "-o", "y", "--epochs"], "--epochs needs a value"),
    (["train", "x", "-o"], "-o needs a value"),
    (["train", "x", "-o", "y", "-Z"], "has no option '-Z'"),
    (["train", "x", "-o", "y", "--time", "10"], "with its unit"),
    (["train", "x", "-o", "y", "--time", "0s"], "from 1 to"),
    (["train", "x", "-o", "y", "--time", "1m", "--epochs", "3"], "both given"),
    (["train", "x", "-o", "y", "--blind=yes"], "takes no value"),
    (["train", "x", "-o", "y", "--blind", "--noise", "none"], "leave out --noise"),
    (["train", "x", "-o", "y", "--noisy", "z", "--noise", "none"], "leave out --noise"),
    (["train", "x", "-o", "y", "--precision", "float"], "one of: float32 bfloat16"),
    (["train", "x", "-o", "y", "--recordings", "street"], "expected NAME=PATH"),
    (["train", "x", "-o", "y", "--held-out", "1"], "from 0.001 to 0.9"),
    (["train", "x", "-o", ""], "expected a path"),
    (["train", "x"], "-o MODEL"),
    (["train", "-o", "y"], "train needs DATA"),
    (["denoise", "x", "-o", "y"], "-m MODEL"),
    (["denoise", "x", "-m", "y"], "-o OUT"),
    (["evaluate", "x"], "-m MODEL"),
    (["noise", "x"], "needs more operands"),
    (["noise", "x", "none", "y", "-o", "z"], "'y' is too much"),
    (["info"], "needs FILE"),
    (["kinds", "nose"], "did you mean 'noise'"),
    (["kinds", "noise", "gausian"], "did you mean 'gaussian'"),
    (["kinds", "noise", "gaussian", "x"], "'x' is too much"),
]


class Mistakes(Case):
    def test_usage(self):
        for arguments, said in MISTAKES:
            out, err = run(*arguments, status=2)
            self.assertEqual(out, "", arguments)
            self.assertIn(said, err, arguments)
            self.assertTrue(err.startswith("dae: ") and err.count("\n") == 1, f"{arguments}: not one sentence: {err}")

    def test_failures(self):
        picture, model = self.pictures(), self.folder / "m.safetensors"
        broken = self.folder / "broken.npy"
        broken.write_bytes(picture.read_bytes()[:100])
        for arguments in (["info", self.folder / "nowhere"], ["info", broken], ["train", broken, "-o", model],
                          ["train", picture, "-o", model, "--model", "dens(3)"],
                          ["train", picture, "-o", model, "--noise", "gaussian("],
                          ["train", picture, "-o", model, "--objective", "mee"],
                          ["train", picture, "-o", model, "--optimizer", "adam"],
                          ["train", picture, "-o", model, "--view", "crops(64, 64)"],
                          ["train", picture, "-o", model, "--scaling", "standrad"],
                          ["train", picture, "-o", model, "--model", "@" + str(self.folder / "nowhere")],
                          ["train", picture, "-o", self.folder / "no" / "folder" / "m", "--epochs", "1"],
                          ["train", picture, "-o", model, "--resume"],
                          ["noise", picture, "gausian(1)", "-o", self.folder / "o.npy"],
                          ["denoise", picture, "-m", picture, "-o", self.folder / "o.npy"],
                          ["evaluate", picture, "-m", broken]):
            out, err = run(*arguments, status=1)
            self.assertEqual(out, "", arguments)
            lines = [line for line in err.splitlines() if line.startswith("dae: ")]
            self.assertEqual(len(lines), 1, err)
        self.assertFalse(model.exists())

    def test_a_picture_that_is_too_small_is_named(self):
        pictures = self.folder / "sizes"
        pictures.mkdir()
        for name, side in (("large", 32), ("small", 8)):
            (pictures / (name + ".pgm")).write_bytes(b"P5 %d %d 255\n" % (side, side) + bytes(i % 251 for i in range(side * side)))
        model = self.folder / "small.safetensors"
        _, err = run("train", pictures, "-o", model, "--view", "crops(16, 16)", "--model", "conv2d(1, 3)", status=1)
        self.assertIn("small.pgm) is 8 x 8, expected at least 16 x 16", err)

    def test_a_full_disk_is_told(self):
        if not Path("/dev/full").exists():
            self.skipTest("no /dev/full")
        for arguments in (["kinds"], ["--help"], ["info", self.pictures()]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([OPTIONS.program, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("cannot write to standard output", done.stderr)


LIBRARY = {}

if __name__ == "__main__":
    import os
    LIBRARY.update({name: value for name, value in os.environ.items() if name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS")})
    support.main(__doc__)
