#!/usr/bin/env python3
"""kinds, info, noise, denoise, evaluate: what they print and write.

usage: check_commands.py --program FILE
"""

import gzip
import json
import math
import struct
import subprocess
import sys
import wave
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support  # noqa: E402
from support import OPTIONS, Case, floats, read_npy, run, run_json, write_npy, write_png, write_wav  # noqa: E402


class Kinds(Case):
    def test_categories_kinds_and_parameters(self):
        categories = run("kinds", "-q")[0].split()
        self.assertIn("noise", categories)
        for category in categories:
            kinds = run("kinds", category, "--quiet")[0].split()
            self.assertEqual(kinds, [kind["name"] for kind in run_json("kinds", category)["kinds"]])
        page = run("kinds", "noise", "gaussian")[0]
        for word in ("stddev", "default 0", "or snr", "gaussian(0.5)"):
            self.assertIn(word, page)
        everything = run_json("kinds")["categories"]
        self.assertEqual([c["name"] for c in everything], categories)


class Models(Case):
    def test_info_of_a_model(self):
        model, _ = self.train("--epochs", "1", "--noise", "gaussian(0.1)")
        said = run_json("info", model)[0]
        self.assertEqual(said["is"], "a model")
        self.assertEqual(said["takes"], [1, None, None])
        self.assertEqual(said["parameters"], 2 * 9 + 2 + 2 * 9 + 1)
        self.assertEqual(said["looks_down"], [2, 2])
        self.assertEqual(said["noise"], "gaussian(mean=0, stddev=0.1)")
        self.assertEqual(said["notes"]["train.epochs"], "1")
        self.assertEqual(said["bytes"], model.stat().st_size)
        page = run("info", model)[0]
        self.assertIn("5 x 5 places", page)
        self.assertNotIn("latency", page)
        self.assertIn("conv2d", run("info", model, "-v")[0])

    def test_info_of_data(self):
        said = run_json("info", self.pictures(count=5), self.pictures("more.npy", count=2))
        self.assertEqual([one["samples"] for one in said], [5, 2])
        self.assertEqual(said[0]["shape"], [1, 16, 16])

    def test_noise_is_that_of_the_library(self):
        picture, out = self.pictures(), self.folder / "noisy.npy"
        run("noise", picture, "masking(0.5)", "-o", out, "--seed", "3")
        (shape, before), (_, after) = read_npy(picture), read_npy(out)
        self.assertEqual(read_npy(out)[0], shape)
        masked = sum(a == 0 and b != 0 for a, b in zip(after, before)) / len(before)
        self.assertTrue(0.45 < masked < 0.55, masked)
        first = out.read_bytes()
        self.assertIn("-f replaces it", run("noise", picture, "masking(0.5)", "-o", out, status=1)[1])
        self.assertEqual(out.read_bytes(), first)
        run("noise", picture, "masking(0.5)", "-o", out, "--seed", "3", "-f")
        self.assertEqual(out.read_bytes(), first)
        run("noise", picture, "masking(0.5)", "-o", out, "--seed", "4", "--force")
        self.assertNotEqual(out.read_bytes(), first)
        run("noise", picture, "none", "-o", out, "-f")
        self.assertEqual(read_npy(out)[1], before)

    def test_denoise_keeps_shapes_and_refuses_to_overwrite(self):
        model, _ = self.train("--epochs", "3", "--noise", "gaussian(0.2)")
        noisy, out = self.folder / "noisy.npy", self.folder / "out.npy"
        run("noise", self.pictures(), "gaussian(0.2)", "-o", noisy)
        self.assertEqual(run("denoise", noisy, "-m", model, "-o", out)[0], f"{out}\n")
        (shape, cleaned), (_, before) = read_npy(out), read_npy(noisy)
        self.assertEqual(shape, (12, 1, 16, 16))
        self.assertNotEqual(cleaned, before)
        kept = out.read_bytes()
        self.assertIn("-f replaces it", run("denoise", noisy, "-m", model, "-o", out, status=1)[1])
        self.assertEqual(out.read_bytes(), kept)
        self.assertEqual(run_json("denoise", noisy, "-m", model, "-o", out, "-f", "--cover", "tiles(memory=1e6)", "--threads", "2"),
                         [str(out)])
        self.assertEqual(out.read_bytes(), kept)
        flat = self.folder / "flat.npy"  # pictures without a channel, as IDX files have them, too
        write_npy(flat, before, (12, 16, 16))
        run("denoise", flat, "-m", model, "-o", out, "-f")
        self.assertEqual(read_npy(out), ((12, 16, 16), cleaned))
        dry = self.folder / "dry.npy"
        run("denoise", noisy, "-m", model, "-o", dry, "--dry-run")
        self.assertFalse(dry.exists())
        self.assertIn("leave out --level", run("denoise", noisy, "-m", model, "-o", dry, "--level", "1", status=1)[1])

    def test_several_files_keep_their_names(self):
        model, _ = self.train("--epochs", "1", "--noise", "gaussian(0.2)")
        files = [self.pictures("a.npy", count=2), self.pictures("b.npy", count=3, side=20)]
        out = self.folder / "clean"
        run("denoise", *files, "-m", model, "-o", out)
        self.assertEqual(sorted(path.name for path in out.iterdir()), ["a.npy", "b.npy"])
        self.assertEqual(read_npy(out / "b.npy")[0], (3, 1, 20, 20))
        self.assertIn("-f replaces it", run("denoise", *files, "-m", model, "-o", out, status=1)[1])
        twice = self.folder / "other"
        twice.mkdir()
        again = twice / "a.npy"
        again.write_bytes(files[0].read_bytes())
        _, err = run("denoise", files[0], again, "-m", model, "-o", self.folder / "third", status=1)
        self.assertIn("two files would become", err)

    def test_files_that_were_compressed_are_written_as_they_are(self):
        packed, plain = self.folder / "c.npy.gz", self.folder / "plain"
        packed.write_bytes(gzip.compress(self.pictures().read_bytes()))
        try:
            run("noise", packed, "none", "-o", f"{plain}/")
        except AssertionError as error:
            if "zlib" not in str(error):
                raise
            self.skipTest("this build reads no gzip")
        self.assertEqual(read_npy(plain / "c.npy"), read_npy(self.pictures()))
        self.assertIn("without .gz", run("noise", packed, "none", "-o", plain / "d.npy.gz", status=1)[1])

    def test_a_file_that_is_named_twice(self):
        model, _ = self.train("--epochs", "1")
        picture = self.pictures()
        self.assertIn("named twice", run("denoise", picture, picture, "-m", model, "-o", self.folder / "out", status=1)[1])

    def test_sound_through_a_model_of_pictures(self):
        model, _ = self.train("--epochs", "1")
        sound = self.folder / "sound.wav"
        write_wav(sound, list(range(900)))
        self.assertIn("this is sound", run("denoise", sound, "-m", model, "-o", self.folder / "out.wav")[1])

    def test_a_level_is_told(self):
        model, _ = self.train("--epochs", "2", "--noise", "gaussian(uniform(0, 0.3) as level)")
        self.assertEqual(run_json("info", model)[0]["takes"], [2, None, None])
        weak, strong = self.folder / "weak.npy", self.folder / "strong.npy"
        picture = self.pictures()
        self.assertIn("--level X", run("denoise", picture, "-m", model, "-o", weak, status=1)[1])
        run("denoise", picture, "-m", model, "-o", weak, "--level", "0.01")
        run("denoise", picture, "-m", model, "-o", strong, "--level", "0.3")
        self.assertEqual(read_npy(weak)[0], (12, 1, 16, 16))
        self.assertNotEqual(read_npy(weak)[1], read_npy(strong)[1])
        self.assertEqual(run_json("evaluate", picture, "-m", model)["samples"], 12)


class Evaluation(Case):
    def test_figures_are_those_of_their_formulae(self):
        """With pairs and a model that changes nothing: PSNR worked out here."""
        clean = self.pictures(count=6)
        noisy, model = self.folder / "noisy.npy", self.folder / "model.safetensors"
        run("noise", clean, "gaussian(0.1)", "-o", noisy)
        run("train", clean, "-o", model, "--model", "gain", "--epochs", "1", "--noise", "none", "--optimizer", "sgd(1e-30)",
            "--scaling", "none")
        said = run_json("evaluate", clean, "--noisy", noisy, "-m", model, "--worst", "2")
        a, b, size = read_npy(clean)[1], read_npy(noisy)[1], 256
        psnr = [-10 * math.log10(sum((x - y) ** 2 for x, y in zip(a[i:i + size], b[i:i + size])) / size)
                for i in range(0, len(a), size)]
        mean = sum(psnr) / 6
        margin = 2.571 * math.sqrt(sum((p - mean) ** 2 for p in psnr) / 5 / 6)  # Student's t of 5 degrees of freedom, 95 %
        self.assertAlmostEqual(said["psnr"]["mean"], mean, 4)
        self.assertAlmostEqual(said["psnr"]["high"], mean + margin, delta=0.01 * margin)
        self.assertAlmostEqual(said["psnr"]["low"], mean - margin, delta=0.01 * margin)
        self.assertAlmostEqual(said["input_psnr"]["mean"], mean, 4)
        self.assertAlmostEqual(said["gain"]["mean"], 0, 6)
        worst = sorted(range(6), key=lambda i: psnr[i])[:2]
        self.assertEqual([one["psnr"] for one in said["worst"]], [said["worst"][0]["psnr"], said["worst"][1]["psnr"]])
        for one, index in zip(said["worst"], worst):
            self.assertTrue(one["name"].endswith(f"sample {index}"), one)
            self.assertAlmostEqual(one["psnr"], psnr[index], 4)

    def test_noise_of_the_model_or_another_one(self):
        model, _ = self.train("--epochs", "3", "--noise", "gaussian(0.2)")
        data = self.pictures(count=8)
        own, other = run_json("evaluate", data, "-m", model), run_json("evaluate", data, "-m", model, "--noise", "gaussian(0.4)")
        self.assertAlmostEqual(own["input_psnr"]["mean"], 14, delta=0.5)
        self.assertAlmostEqual(other["input_psnr"]["mean"], 8, delta=0.5)
        page = run("evaluate", data, "-m", model, "--worst", "1")[0]
        self.assertIn("PSNR, dB", page)
        self.assertIn("Worst", page)
        self.assertEqual(run("evaluate", data, "-m", model)[0], run("evaluate", data, "-m", model, "--threads", "2")[0])
        self.assertIn("expected as many", run("evaluate", data, "--noisy", self.pictures("few.npy", count=3), "-m", model,
                                              status=1)[1])


class Streams(Case):
    def recording(self):
        values = [math.sin(0.05 * i) + 0.3 * math.sin(0.31 * i) for i in range(3001)]
        path = self.folder / "recording.npy"
        write_npy(path, values, (1, 1, len(values)))
        return path, values

    def model(self, *noise):
        path, values = self.recording()
        model = self.folder / "signal.safetensors"
        run("train", path, "-o", model, "--model", "signal_unet(channels=2, depth=2)", "--epochs", "2", "--view",
            "crops(64, count=16)", "--batch", "8", "--scaling", "standard", "--noise", *(noise or ("gaussian(0.2)",)))
        return model, path, values

    def pipe(self, model, pieces, *arguments):
        done = subprocess.Popen([OPTIONS.program, "denoise", "-", "--stream", "-m", model, *arguments], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for piece in pieces:
            done.stdin.write(piece)
            done.stdin.flush()
        out, err = done.communicate(timeout=120)
        return done.returncode, out, err.decode()

    def test_a_stream_is_the_whole(self):
        model, path, values = self.model()
        out = self.folder / "out.npy"
        run("denoise", path, "-m", model, "-o", out)
        whole = floats(read_npy(out)[1])
        raw = floats(values)
        for cut in (len(raw), 4 * 777, 1001, 7):  # in the middle of values, too
            pieces = [raw[i:i + cut] for i in range(0, len(raw), cut)]
            status, streamed, err = self.pipe(model, pieces)
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(streamed, whole, cut)

    def test_it_flushes_what_it_has(self):
        model, _, values = self.model()
        latency = int(run_json("info", model)[0]["latency"])
        done = subprocess.Popen([OPTIONS.program, "denoise", "-", "--stream", "-m", model], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        done.stdin.write(floats(values[:latency + 100]))
        done.stdin.flush()
        self.assertEqual(len(done.stdout.read(400)), 400)  # while standard input is still open
        done.stdin.close()
        self.assertEqual(len(done.stdout.read()), 4 * latency)
        self.assertEqual(done.wait(), 0)
        done.stdout.close()

    def test_short_and_broken_input(self):
        model, _, values = self.model()
        for count in (0, 1, 5):
            status, out, _ = self.pipe(model, [floats(values[:count])])
            self.assertEqual(len(out) if status == 0 else 4 * count, 4 * count, count)
        status, out, err = self.pipe(model, [floats(values[:500]) + b"ab"])
        self.assertEqual((status, len(out)), (1, 2000))
        self.assertIn("ended with 2 bytes", err)
        self.assertEqual(run("denoise", "x", "--stream", "-m", model, status=2)[0], "")

    def test_level(self):
        model, _, values = self.model("gaussian(uniform(0, 0.3) as level)")
        weak, strong = (self.pipe(model, [floats(values)], "--level", level) for level in ("0", "0.3"))
        self.assertEqual((weak[0], strong[0]), (0, 0))
        self.assertEqual(len(weak[1]), len(strong[1]))
        self.assertNotEqual(weak[1], strong[1])

    def test_a_recording_of_moments_comes_back_as_such(self):
        model, _, values = self.model()
        moments, out = self.folder / "moments.npy", self.folder / "moments-out.npy"
        write_npy(moments, values, (len(values), 1))
        run("denoise", moments, "-m", model, "-o", out)
        self.assertEqual(read_npy(out)[0], (len(values), 1))
        self.assertEqual(floats(read_npy(out)[1]), self.pipe(model, [floats(values)])[1])


class Tables(Case):
    def table(self, name="table.csv"):
        path = self.folder / name
        rows = [f"{100 + i % 7},{i % 10};{20 + i % 5},5;{1500 + i}" for i in range(60)]
        path.write_text("\n".join(['Druck;"Temp; innen";Drehzahl', *rows]) + "\n")
        return path

    def test_a_table_keeps_its_form(self):
        table, model, out = self.table(), self.folder / "model", self.folder / "out.csv"
        german = ["--source", "csv(decimal=comma)"]
        run("train", table, *german, "-o", model, "--epochs", "1")
        run("denoise", table, *german, "-m", model, "-o", out)
        lines = out.read_text().splitlines()
        self.assertEqual(lines[0], 'Druck;"Temp; innen";Drehzahl')
        self.assertEqual(len(lines), 61)
        for line in lines[1:]:
            self.assertRegex(line, r"^-?\d+(,\d+)?;-?\d+(,\d+)?;-?\d+(,\d+)?$")
        copy = self.folder / "copy.csv"
        run("noise", table, "none", *german, "-o", copy)
        self.assertEqual(copy.read_bytes(), table.read_bytes().replace(b",0;", b";"))
        plain, same = self.folder / "plain.csv", self.folder / "same.csv"
        plain.write_text("1.5\t2\n3\t4\n")
        run("noise", plain, "none", "-o", same)
        self.assertEqual(same.read_bytes(), plain.read_bytes())

    def test_missing_cells_are_filled_in(self):
        path, model, out = self.folder / "holes.csv", self.folder / "model", self.folder / "out.csv"
        rows = [[i % 7, i % 7 * 2, 9 - i % 7] for i in range(70)]
        path.write_text("a,b,c\n" + "".join(f"{a},{'' if a == 3 and i % 2 else b},{c}\n" for i, (a, b, c) in enumerate(rows)))
        run("train", path, "-o", model, "--epochs", "2")
        run("denoise", path, "-m", model, "-o", out)
        self.assertNotIn("nan", out.read_text().lower())
        self.assertNotIn("Input value", run("evaluate", path, "-m", model)[0])

    def test_a_recording_in_columns_keeps_its_form(self):
        """Moments, which the model takes as one signal of two channels."""
        path, model, out = self.folder / "moments.csv", self.folder / "model", self.folder / "out.csv"
        path.write_text("left,right\n" + "".join(f"{math.sin(0.1 * i)},{math.cos(0.1 * i)}\n" for i in range(300)))
        run("train", path, "-o", model, "--epochs", "1", "--view", "series | windows(32)", "--model", "conv1d(2, 3)", "--noise",
            "gaussian(0.1)")
        run("denoise", path, "-m", model, "-o", out)
        lines = out.read_text().splitlines()
        self.assertEqual((lines[0], len(lines), len(lines[7].split(","))), ("left,right", 301, 2))


class Files(Case):
    def test_formats_that_are_read_and_not_written_become_the_nearest(self):
        """1 bit a pixel and 8 bits a value are read only; endings may be in capitals."""
        picture = self.folder / "fax.png"
        body = zlib.compress(b"".join(bytes([0, 0xA5, 0x3C]) for _ in range(16)))
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 1, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
        picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks))
        out = self.folder / "OUT.PNG"
        run("noise", picture, "none", "-o", out)
        self.assertEqual(support.png_size(out), (16, 16, 8, 0))
        run("noise", picture, "none", "-o", out, "-f")
        for width in (1, 2, 3, 4):
            sound, out = self.folder / f"{width}.wav", self.folder / f"out{width}.wav"
            with wave.open(str(sound), "wb") as file:
                file.setnchannels(2)
                file.setsampwidth(width)
                file.setframerate(8000)
                file.writeframes(bytes(range(48)) * width)
            run("noise", sound, "none", "-o", out)
            self.assertEqual(struct.unpack("<H", out.read_bytes()[34:36])[0], max(8 * width, 16))

    def test_pictures_and_sound_keep_their_formats(self):
        kinds = run("kinds", "destination", "-q")[0].split()
        if "png" not in kinds or "wav" not in kinds:
            self.skipTest("this build writes neither PNG nor WAV")
        photos = self.folder / "photos"
        photos.mkdir()
        for i in range(8):
            write_png(photos / f"{i}.png", support.stripes(i, 24, 20 + i))
        model = self.folder / "photos.safetensors"
        run("train", photos, "-o", model, "--model", "conv2d(1, 3)", "--epochs", "1", "--noise", "gaussian(0.1)", "--view",
            "crops(16, 16)", "--scaling", "none")
        run("denoise", photos, "-m", model, "-o", self.folder / "clean/")
        self.assertEqual(len(list((self.folder / "clean").iterdir())), 8)
        self.assertEqual(support.png_size(self.folder / "clean" / "3.png"), (23, 24, 8, 0))
        noisy, some = self.folder / "noisy", self.folder / "some"
        run("noise", photos, "gaussian(0.1)", "-o", noisy)
        said = run_json("evaluate", photos, "--noisy", noisy, "-m", model)
        self.assertEqual(said["samples"], 8)
        self.assertIn("/noisy/", said["worst"][0]["name"])
        run("denoise", f"{photos}/[0-2].png", "-m", model, "-o", some)
        self.assertEqual(sorted(path.name for path in some.iterdir()), ["0.png", "1.png", "2.png"])
        (noisy / "7.png").rename(noisy / "8.png")
        self.assertIn("do not belong together", run("evaluate", photos, "--noisy", noisy, "-m", model, status=1)[1])
        colour, out = self.folder / "colour.png", self.folder / "clean-colour.png"
        write_png(colour, [[(v, 255 - v, v // 2) for v in row] for row in support.stripes(1, 24, 30)])
        write_png(self.folder / "red.png", support.stripes(1, 24, 30))  # its first channel alone
        run("denoise", colour, "-m", model, "-o", out)
        run("denoise", self.folder / "red.png", "-m", model, "-o", self.folder / "clean-red.png")
        self.assertEqual(support.png_size(out), (30, 24, 8, 2))
        red, grey = self.folder / "colour.npy", self.folder / "grey.npy"
        run("noise", out, "none", "-o", red)
        run("noise", self.folder / "clean-red.png", "none", "-o", grey)
        self.assertEqual(read_npy(red)[1][:24 * 30], read_npy(grey)[1])
        sound = self.folder / "sound.wav"
        write_wav(sound, [int(8000 * math.sin(0.1 * i)) for i in range(4000)], rate=11025)
        self.assertEqual(run_json("info", sound)[0]["rate"], "11025")
        stereo = self.folder / "stereo.wav"
        write_wav(stereo, [int(8000 * math.sin(0.05 * i)) for i in range(8000)], rate=11025, channels=2)
        mono = self.folder / "sound.safetensors"
        run("train", sound, "-o", mono, "--model", "conv1d(1, 3)", "--epochs", "1", "--view", "crops(64, count=8)")
        run("denoise", stereo, "-m", mono, "-o", self.folder / "clean.wav")
        self.assertEqual((self.folder / "clean.wav").read_bytes()[20:36], stereo.read_bytes()[20:36])
        self.assertIn("train.rate: 11025", run("info", mono)[0])
        out = self.folder / "noisy.wav"
        run("noise", sound, "gaussian(snr=20)", "-o", out)
        self.assertEqual(out.read_bytes()[20:36], sound.read_bytes()[20:36])  # format, channels, rate, bits
        self.assertEqual(out.stat().st_size, sound.stat().st_size)


if __name__ == "__main__":
    support.main(__doc__)
