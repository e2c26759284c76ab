#!/usr/bin/env python3
"""dae train: the same bytes whatever happens, what is chosen and said, what is kept.

usage: check_train.py --program FILE [--pictures yes|no]

DAE_KILLS says how often a training is killed (4).
"""

import math
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support  # noqa: E402
from support import OPTIONS, TINY, Case, floats, read_npy, run, run_json, stripes, write_npy, write_png, write_wav  # noqa: E402


class Bytes(Case):
    def test_threads_change_nothing(self):
        one, _ = self.train("--epochs", "2", "--noise", "gaussian(0.2)", "--threads", "1", out="one")
        two, _ = self.train("--epochs", "2", "--noise", "gaussian(0.2)", "--threads", "2", out="two")
        self.assertEqual(one.read_bytes(), two.read_bytes())
        other, _ = self.train("--epochs", "2", "--noise", "gaussian(0.2)", "--seed", "2", out="other")
        self.assertNotEqual(one.read_bytes(), other.read_bytes())

    def test_the_command_that_is_printed_gives_the_same(self):
        """Also where --time has chosen the epochs."""
        for arguments in (["--epochs", "2"], ["--time", "1s"]):
            first, (_, err) = self.train(*arguments, out="first", data=self.pictures())
            command = shlex.split(next(line for line in err.splitlines() if line.startswith("dae train")))
            self.assertNotIn("--time", command)
            command[command.index("-o") + 1] = str(self.folder / "second")
            run(*command[1:])
            self.assertEqual(first.read_bytes(), (self.folder / "second").read_bytes())
            for path in list(self.folder.iterdir()):
                path.unlink()

    def test_a_dry_run_says_what_would_be_done(self):
        model, (out, _) = self.train("--epochs", "2", "--dry-run")
        self.assertFalse(model.exists())
        command = shlex.split(out)
        run(*command[1:])
        kept = model.read_bytes()
        self.train("--epochs", "2", "-f")
        self.assertEqual(model.read_bytes(), kept)

    def start(self, model, *arguments):
        return subprocess.Popen([OPTIONS.program, "train", "-o", model, "--checkpoint-every", "1s", *map(str, arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_killed_and_gone_on_with(self):
        draw, kills = random.Random(5), int(os.environ.get("DAE_KILLS", "4"))
        data = self.pictures(count=200)
        arguments = [data, *TINY, "--noise", "gaussian(0.2)", "--epochs", str(6 * kills)]
        whole = self.folder / "whole"
        began = time.monotonic()
        run("train", *arguments, "-o", whole)
        took = time.monotonic() - began
        model, killed = self.folder / "killed", 0
        checkpoint = Path(f"{model}.checkpoint")
        for i in range(kills):
            process = self.start(model, *([] if not checkpoint.exists() else ["--resume"]), *arguments)
            time.sleep(draw.uniform(0.1, 0.6) * took / kills)  # the machine may be twice as fast by now
            process.send_signal(signal.SIGINT if i % 2 else signal.SIGKILL)
            process.communicate()
            killed += process.returncode in (130, -signal.SIGKILL, -signal.SIGINT)
            if model.exists() and not checkpoint.exists():  # all was done but for the picture
                break
        self.assertGreater(killed, kills // 2)
        if checkpoint.exists() or not model.exists():
            # all settings, and the data, are in the checkpoint
            process = self.start(model, *(["--resume"] if checkpoint.exists() else arguments))
            _, err = process.communicate()
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(model.read_bytes(), whole.read_bytes())
        self.assertFalse(checkpoint.exists())

    def test_an_interrupted_training_keeps_the_best_and_says_how_to_go_on(self):
        model = self.folder / "model"
        process = self.start(model, self.pictures(count=200), *TINY, "--epochs", "100000", "--noise", "gaussian(0.2)")
        for line in process.stderr:
            if line.startswith("epoch "):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(f"dae train --resume -o {model}", err)
        self.assertEqual(run_json("info", model)[0]["is"], "a model")
        self.assertEqual(run_json("info", f"{model}.checkpoint")[0]["is"], "a checkpoint of training")
        for arguments, said in ((["x"], "a training was interrupted"), (["--resume", "--epochs", "3"], "'100000'")):
            self.assertIn(said, run("train", *arguments, "-o", model, status=1)[1])


    def test_other_data_are_not_gone_on_with(self):
        model, data = self.folder / "model", self.pictures(count=40)
        process = self.start(model, data, *TINY, "--epochs", "100000", "--noise", "gaussian(0.2)")
        next(line for line in process.stderr if line.startswith("epoch "))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        kept = Path(f"{model}.checkpoint").read_bytes()
        write_npy(data, [((i * 37) % 101) / 101 for i in range(40 * 256)], (40, 1, 16, 16))
        self.assertIn("other data", run("train", "--resume", "-o", model, status=1)[1])
        self.assertEqual(Path(f"{model}.checkpoint").read_bytes(), kept)


class Choices(Case):
    def chosen(self, data, *arguments):
        """Options of the command that would be run, and what was said."""
        out, err = run("train", data, "-o", self.folder / "m", "--dry-run", *arguments)
        words = shlex.split(out)
        return {word[2:]: value for word, value in zip(words, words[1:]) if word.startswith("--")}, err

    def write(self, name, shape, scale=1.0, offset=0.0):
        draw = random.Random(1)
        count = 1
        for side in shape:
            count *= side
        path = self.folder / name
        write_npy(path, [offset + scale * draw.random() for _ in range(count)], shape)
        return path

    def test_by_shape(self):
        large, said = self.chosen(self.write("large.npy", (4, 1, 80, 70)))
        self.assertEqual((large["model"], large["noise"], large["scaling"], large["optimizer"]),
                         ("dncnn(depth=8, channels=32, bias=no)", "gaussian(uniform(0, 0.196))", "none", "adam(3e-3)"))
        self.assertRegex(large["view"], r"^crops\(64, 64, count=64\) \| augment\(flips=yes, turns=yes\)$")
        self.assertIn("of another strength for each sample", said)
        small, _ = self.chosen(self.write("small.npy", (9, 28, 28)))
        self.assertEqual((small["view"], small["model"]), ("patches(28, 28)", "unet(channels=16, depth=2)"))
        counts, _ = self.chosen(self.write("counts.npy", (4, 1, 80, 70), scale=900, offset=2000))
        self.assertEqual(counts["scaling"], "standard")
        self.assertRegex(counts["noise"], r"^gaussian\(uniform\(0, 1[0-9]0\)\)$")
        signal_, _ = self.chosen(self.write("signals.npy", (5, 1, 4000)))
        self.assertIn("signal_unet", signal_["model"])
        recording, _ = self.chosen(self.write("recording.npy", (9000,)))
        self.assertRegex(recording["view"], r"^crops\(2\d\d, count=256\)$")
        table, _ = self.chosen(self.write("table.npy", (50, 7)))
        self.assertEqual((table["noise"], table["scaling"], table["model"]),
                         ("masking(0.2)", "standard(per=channel)", "dense_autoencoder(16)"))
        vectors, _ = self.chosen(self.write("vectors.npy", (50, 100)))
        self.assertEqual(vectors["model"], "dense_autoencoder(100)")

    def recordings(self, *seconds, name="speech", rate=8000):
        folder = self.folder / name
        folder.mkdir()
        for i, length in enumerate(seconds):
            draw = random.Random(i)
            write_wav(folder / f"{i:02}.wav", [draw.randrange(-9000, 9000) for _ in range(int(rate * length))], rate=rate)
        return folder

    def test_recordings_of_different_lengths(self):
        """Crops of a second, where little is lost by that; what is shorter is left out, and said."""
        speech = self.recordings(1.5, 1.5, 0.2, 2, 1.1, 1, 1.5, 1.2, 1.5, 1.7)
        for seed in range(12):  # also where the one that is held out is the short one
            given, said = self.chosen(speech, "--seed", str(seed))
            self.assertEqual(given["view"], "crops(8000, count=28, skip=yes)")
            self.assertRegex(said, "left out: 1 of 10")
            self.assertNotIn("the usual", said)
        halves, said = self.chosen(self.recordings(1.5, 1.5, 0.5, 0.5, 0.5, 1.5, name="halves"))
        self.assertEqual(halves["view"], "crops(4000, count=42)")
        self.assertIn("pieces of 4000, as 3 of 6 samples are smaller than the usual 8000", said)
        self.assertNotIn("left out", said)
        alike, said = self.chosen(self.recordings(0.5, 0.5, 0.5, name="alike"))
        self.assertEqual(alike["view"], "crops(4000, count=85)")
        self.assertNotIn("the usual", said)

    def test_what_is_left_out_stays_so(self):
        speech, model, again = self.recordings(1.1, 0.1, 1, 1.2, 1.3, 1), self.folder / "m", self.folder / "again"
        _, err = run("train", speech, "-o", model, "--model", "conv1d(1, 3)", "--epochs", "1")
        self.assertIn("left out: 1 of 6", err)
        command = shlex.split(next(line for line in err.splitlines() if line.startswith("dae train")))
        command[command.index("-o") + 1] = str(again)
        self.assertIn("left out: 1 of 6", run(*command[1:])[1])
        self.assertEqual(model.read_bytes(), again.read_bytes())

    def test_recordings_of_different_rates_are_said(self):
        speech = self.recordings(1, 1, 1)
        self.assertNotIn("different rates", self.chosen(speech)[1])
        write_wav(speech / "other.wav", [1, 2] * 9000, rate=16000)
        self.assertIn("different rates", self.chosen(speech)[1])

    def test_pictures_of_different_sizes(self):
        photos = self.folder / "photos"
        photos.mkdir()
        for i, (height, width) in enumerate([(90, 80), (70, 100), (1, 1), (80, 80), (20, 30), (24, 21)]):
            write_npy(photos / f"{i}.npy", [(k * 7 % 97) / 97 for k in range(height * width)], (1, 1, height, width))
        large, said = self.chosen(photos)
        self.assertEqual(large["view"], "crops(64, 64, count=64, skip=yes) | augment(flips=yes, turns=yes)")
        self.assertIn("left out: 3 of 6", said)
        small, _ = self.chosen(f"{photos}/[245].npy")
        self.assertEqual(small["view"], "crops(20, 20, count=64, skip=yes)")

    def test_what_is_given_stays(self):
        data = self.write("large.npy", (4, 1, 80, 70))
        given = {"noise": "masking(0.3)", "model": "conv2d(1, 3)", "objective": "mae", "optimizer": "sgd(0.1)",
                 "scaling": "divide(2)", "view": "crops(8, 8)", "epochs": "7", "batch": "3", "seed": "9", "held-out": "0.25",
                 "precision": "bfloat16"}
        found, said = self.chosen(data, *(word for name, value in given.items() for word in (f"--{name}", value)))
        self.assertEqual(found, {**found, **given})
        self.assertNotIn("  --", said)

    def test_all_the_same_is_refused(self):
        self.assertIn("nothing to learn", run("train", self.write("flat.npy", (9, 8), scale=0), "-o", self.folder / "m",
                                              status=1)[1])


class Training(Case):
    def test_what_it_says_and_writes(self):
        model, (out, err) = self.train("--epochs", "4", "--noise", "gaussian(0.3)", data=self.pictures(count=60))
        self.assertEqual(len(re.findall(r"^epoch \d of 4: loss .* held out .* dB, .* left$", err, re.MULTILINE)) > 0, True, err)
        self.assertIn("held out", out)
        self.assertRegex(out, r"the model is [\d.]+ dB (better|worse)")
        self.assertEqual((self.folder / "model.report.png").exists(), OPTIONS.pictures)
        quiet = self.train("--epochs", "1", "-f", "-q")[1]
        self.assertEqual(quiet[1], "")

    def test_json(self):
        model = self.folder / "m"
        said = run_json("train", self.pictures(count=60), "-o", model, *TINY, "--epochs", "3", "--noise", "gaussian(0.3)")
        self.assertEqual((said["epochs"], said["epochs_done"], said["interrupted"]), (3, 3, False))
        self.assertEqual(said["samples"], 6)
        self.assertAlmostEqual(said["gain"]["mean"], said["psnr_after"]["mean"] - said["psnr_before"]["mean"], 6)
        self.assertAlmostEqual(said["psnr_before"]["mean"], 10.46, delta=0.5)  # -20 log10(0.3)
        self.assertIn("--epochs 3", said["command"])

    def test_files_that_are_there(self):
        model, _ = self.train("--epochs", "1")
        kept = model.read_bytes()
        self.assertIn("-f replaces it", self.train("--epochs", "2", status=1)[1][1])
        self.assertEqual(model.read_bytes(), kept)
        self.train("--epochs", "2", "--force")
        self.assertNotEqual(model.read_bytes(), kept)

    def test_data_are_never_replaced(self):
        """Neither by the report, which once was photo.png beside photo.safetensors, nor by the model."""
        photos = [self.folder / "photo.png", self.folder / "other.png"]
        for i, path in enumerate(photos):
            write_png(path, stripes(i, 24, 24))
        kept = photos[0].read_bytes()
        arguments = [*photos, *TINY, "--epochs", "1", "--view", "crops(16, 16)"]
        out, _ = run("train", *arguments, "-o", self.folder / "photo.safetensors")
        run("train", *arguments, "-o", self.folder / "photo", "-f")
        self.assertEqual(photos[0].read_bytes(), kept)
        self.assertNotIn("nan", out)
        self.assertIn("1 sample that was held out", out)
        self.assertIn("another name", run("train", *arguments, "-o", photos[0], "-f", status=1)[1])
        self.assertEqual(photos[0].read_bytes(), kept)
        (self.folder / "photo.safetensors").unlink()
        if OPTIONS.pictures:
            _, err = run("train", *arguments, "-o", self.folder / "photo.safetensors", status=1)
            self.assertIn("photo.report.png is there", err)

    def test_what_could_not_be_written_is_said_before(self):
        data, folder = self.pictures(), self.folder / "folder"
        folder.mkdir()
        for out in (folder, f"{self.folder}/new/", self.folder / "missing" / "m"):
            _, err = run("train", data, "-o", out, *TINY, "--epochs", "1", "-f", status=1)
            self.assertRegex(err, "is a folder|No such file")
            self.assertNotIn("epoch 1", err)

    def test_data_that_cannot_be_learned_from(self):
        nan, infinite, row = self.folder / "nan.npy", self.folder / "inf.npy", self.folder / "row.npy"
        write_npy(nan, [math.nan] * 12, (3, 4))
        write_npy(infinite, [0.0, 1.0, math.inf] * 4, (3, 4))
        write_npy(row, [0.0, 1.0, 2.0], (1, 3))
        for path, said in ((nan, "are missing"), (infinite, "infinite"), (row, "one sample")):
            self.assertIn(said, run("train", path, "-o", self.folder / "m", "--epochs", "1", status=1)[1])
        data = self.pictures()
        self.assertIn("named twice", run("train", data, data, "-o", self.folder / "m", *TINY, status=1)[1])
        folder = self.folder / "photos"
        folder.mkdir()
        write_png(folder / "a.png", stripes(1, 24, 24))
        (folder / "readme.txt").write_text("my photos\n")
        self.assertIn("skip=yes", run("train", folder, "-o", self.folder / "m", *TINY, status=1)[1])

    def test_pairs(self):
        clean = self.pictures(count=40)
        noisy, model = self.folder / "noisy.npy", self.folder / "m"
        run("noise", clean, "gaussian(0.2)", "-o", noisy)
        out, _ = run("train", clean, "--noisy", noisy, "-o", model, *TINY, "--epochs", "2")
        self.assertIn("PSNR 13.9", out)  # of the files' own noise
        self.assertNotIn("noise", {k: v for k, v in run_json("info", model)[0].items() if k == "noise" and v})
        self.assertIn("expected as many", run("train", clean, "--noisy", self.pictures("few.npy", count=3), "-o", model, "-f",
                                              *TINY, status=1)[1])

    def test_blind(self):
        noisy, model = self.folder / "noisy.npy", self.folder / "m"
        run("noise", self.pictures(count=40), "gaussian(0.2)", "-o", noisy)
        out, _ = run("train", noisy, "--blind", "-o", model, *TINY, "--epochs", "2")
        self.assertIn("nobody knows", out)
        notes = run_json("info", model)[0]["notes"]
        self.assertEqual((notes["train.objective"], notes["train.noise"]), ("mse(missing=skip)", "none"))

    def test_recordings_are_mixed_in(self):
        data, street = self.folder / "data.npy", self.folder / "street.npy"
        write_npy(data, [((i * 37) % 101) / 101 for i in range(8 * 200)], (8, 1, 200))
        write_npy(street, [((i * 53) % 97) / 97 - 0.5 for i in range(1000)], (1000,))
        model = self.folder / "m"
        arguments = [data, "--noise", "mix(street, snr=3)", "--model", "conv1d(1, 3)", "--epochs", "1", "--batch", "4"]
        self.assertIn("street", run("train", *arguments, "-o", model, status=1)[1])
        said = run_json("train", *arguments, "-o", model, "--recordings", f"street={street}")
        self.assertIn(f"--recordings street={street}", said["command"])
        self.assertEqual(run_json("evaluate", data, "-m", model, "--recordings", f"street={street}")["samples"], 8)

    def test_standard_input_and_texts_in_files(self):
        network = self.folder / "network.txt"
        network.write_text("conv1d(2, 3, activation=relu) # twice\n | conv1d(1, 3)\n")
        values = [((i * 37) % 101) / 101 for i in range(2000)]
        model = self.folder / "m"
        run("train", "-", "-o", model, "--model", f"@{network}", "--epochs", "1", "--view", "crops(32, count=8)",
            stdin=floats(values))
        self.assertEqual(run_json("info", model)[0]["parameters"], 2 * 3 + 2 + 2 * 3 + 1)
        self.assertIn("float32", run("train", "-", "-o", model, "-f", stdin=b"abc", status=1)[1])

    def test_time_is_kept(self):
        began = time.monotonic()
        said = run_json("train", self.pictures(count=100), "-o", self.folder / "m", *TINY, "--noise", "gaussian(0.2)", "--time",
                        "2s")
        self.assertLess(time.monotonic() - began, 60)  # far more than 2 s only where the machine does something else
        self.assertGreaterEqual(said["epochs"], 1)


class Report(Case):
    def test_curves_stay_in_their_places(self):
        """Between signals the sheet is white, below the headings: none begins where a heading ended."""
        if not OPTIONS.pictures:
            self.skipTest("this build draws no pictures")
        data, model, values = self.folder / "data.npy", self.folder / "model", self.folder / "report.npy"
        write_npy(data, [((i * 37) % 101) / 101 for i in range(10 * 200)], (10, 1, 200))
        run("train", data, "-o", model, "--model", "conv1d(1, 3)", "--epochs", "1", "--noise", "gaussian(0.1)")
        run("noise", self.folder / "model.report.png", "gaussian(0)", "-o", values)
        shape, pixels = read_npy(values)
        height, width = shape[-2:]
        self.assertEqual(width, 1280)
        gap = [pixels[y * width + x] for y in range(860, height) for x in range(436, 443)]
        self.assertEqual((min(gap), max(gap)), (1, 1))

    def noisy_pairs(self, count, side):
        """Pictures, and the same with a chequered error of a size that is each one's own."""
        clean, noisy = self.folder / "clean", self.folder / "noisy"
        clean.mkdir(), noisy.mkdir()
        for i in range(count):
            rows = [[50 + v // 2 for v in row] for row in support.stripes(i, side, side)]
            support.write_png(clean / f"{i:02}.png", rows)
            support.write_png(noisy / f"{i:02}.png", [[v + (1 + i) * (1 - 2 * ((x + y) % 2)) for x, v in enumerate(row)]
                                                      for y, row in enumerate(rows)])
        return clean, noisy

    def test_figures_are_of_all_files_that_are_held_out(self):
        """Of three of thirty pictures, each of which gives more pieces than are looked at."""
        clean, noisy = self.noisy_pairs(30, 64)
        said = run_json("train", clean, "--noisy", noisy, "-o", self.folder / "m", "--model", "conv2d(1, 1)", "--view",
                        "crops(8, 8, count=64)", "--epochs", "1", "--optimizer", "sgd(1e-6)")
        self.assertEqual(said["samples"], 64)
        self.assertGreater(said["psnr_before"]["high"] - said["psnr_before"]["low"], 0.2)  # 0 where they are pieces of one

    def test_too_little_time_takes_pieces_of_all_files(self):
        clean, _ = self.noisy_pairs(30, 64)
        _, err = run("train", clean, "-o", self.folder / "m", "--time", "1s", "--batch", "2")
        command = shlex.split(next(line for line in err.splitlines() if line.startswith("dae train")))
        view = command[command.index("--view") + 1]
        self.assertRegex(view, r"^crops\(64, 64, count=64\) \| augment\(.*\) \| shuffle \| part\(0, 0?\.\d+\)$")
        self.assertIn(f"--view '{view}': ", err)
        self.assertRegex(err, r"a step takes [\d.]+ m?s, an epoch [\d.]+ m?s\n")


if __name__ == "__main__":
    support.main(__doc__)
