#!/usr/bin/env python3
"""Checks that the benchmark works and that the tables say what was measured. No time is judged.

usage: test_compare.py BENCH
"""

import json
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import compare
import tables

BENCH = ""
SMALL = ["--samples", "600", "--epochs", "2", "--threads", "2"]


def bench(*words):
    """The lines that the program prints."""
    result = subprocess.run([BENCH, *words], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def trained(library, number, seconds, settings="", **more):
    """A made-up summary of a run."""
    return {"benchmark": "train", "library": library, "precision": "float32", "hidden": 128, "noise": "once",
            "threads": 2, "settings": settings, "round": number, "median_seconds": seconds,
            "min_seconds": 0.9 * seconds, "epoch_seconds": [seconds] * 4 + [2 * seconds] * 4,
            "gflop_per_epoch": 60.0, "peak_rss_mb": 100, "open_seconds": 0.1, "first_batch_seconds": 0.2,
            "cpus_used": 1.9, "test_mse": 0.03, "samples": 60000, "batch": 256, "epochs": 8, **more}


def cells(text, start):
    """The cells of the table line that begins with these."""
    line, = [line for line in text.splitlines() if line.startswith("| " + " | ".join(start) + " |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


class Bench(unittest.TestCase):
    def test_train_prints_its_epochs_and_their_summary(self):
        *epochs, summary = bench("train", *SMALL, "--noise", "fresh", "--hidden", "16")
        seconds = sorted(line["seconds"] for line in epochs)
        self.assertEqual([line["epoch"] for line in epochs], [1, 2])
        self.assertEqual((summary["hidden"], summary["noise"], summary["threads"]), (16, "fresh", 2))
        self.assertAlmostEqual(summary["min_seconds"], seconds[0], places=5)
        self.assertAlmostEqual(summary["median_seconds"], sum(seconds) / 2, delta=2e-5)
        self.assertAlmostEqual(summary["gflop_per_epoch"], 1e-9 * 600 * 10 * 784 * 16, delta=0.005)
        self.assertGreater(summary["peak_gflops"], 0)
        self.assertGreater(summary["peak_rss_mb"], 47)  # the bytes of 60000 images

    def test_training_learns(self):
        first, second, summary = bench("train", *SMALL, "--hidden", "16", "--batch", "32")
        self.assertLess(second["loss"], first["loss"])
        self.assertLess(summary["test_mse"], first["loss"])

    def test_infer_orders_its_quantiles(self):
        summaries = bench("infer", "--repeats", "200", "--hidden", "16", "--samples", "600")
        self.assertEqual([summary["way"] for summary in summaries], ["session", "session, all units alive"])
        for summary in summaries:
            self.assertLessEqual(summary["latency_min_us"], summary["latency_median_us"])
            self.assertLessEqual(summary["latency_median_us"], summary["latency_p99_us"])
            self.assertLessEqual(summary["images_per_second"], summary["images_per_second_best"])

    def test_noise_times_every_kind(self):
        kinds = [line["kind"] for line in bench("noise", "--repeats", "3")]
        self.assertEqual(kinds, ["gaussian", "uniform", "masking", "salt_pepper", "clip", "rng bits",
                                 "rng uniform", "rng normal"])

    def test_wrong_words_are_refused(self):
        for words in (["sing"], ["train", "--epochs", "0"], ["train", "--noise", "loud"],
                      ["train", "--epochs"], ["train", "--tempo", "1"],
                      ["train", "--data", "/there/is/no/such/folder"]):
            with self.subTest(words=words), self.assertRaises(RuntimeError):
                bench(*words)


class Tables(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        records = [trained("libdae", 1, 0.2), trained("libdae", 2, 0.5), trained("libdae", 3, 0.2),
                   trained("pytorch", 1, 0.8, "a"), trained("pytorch", 2, 1.0, "a"),
                   trained("pytorch", 3, 0.6, "a")]
        row = cells(tables.training(records), ["2", "libdae", "float32"])
        self.assertEqual(row[4:8], ["0.180", "0.200", "3.00 (2.00 - 4.00)", "3.00 (2.00 - 4.00)"])

    def test_pytorch_counts_with_its_better_setting(self):
        records = [trained("libdae", 1, 0.2), trained("pytorch", 1, 0.8, "slow"),
                   trained("pytorch", 1, 0.4, "fast")]
        self.assertEqual(cells(tables.training(records), ["2", "libdae", "float32"])[6], "2.00")
        self.assertEqual(cells(tables.training(records), ["2", "pytorch", "float32", "slow"])[6], "0.50")

    def test_shares_are_of_the_peak_of_their_round(self):
        records = [{"benchmark": "peak", "round": number, "threads": 2, "gflops": gflops}
                   for number, gflops in ((1, 600), (2, 1200))]
        records += [trained("libdae", number, 0.2, min_seconds=0.2) for number in (1, 2)]
        self.assertEqual(cells(tables.training(records), ["2", "libdae", "float32"])[8:10], ["300", "38 %"])

    def test_late_epochs_and_fresh_noise(self):
        records = [trained("libdae", 1, 0.2), trained("libdae", 1, 0.25, noise="fresh")]
        self.assertEqual(cells(tables.growth(records), ["128", "once"])[-1], "2.00")
        self.assertEqual(cells(tables.fresh_noise(records), ["128", "2"])[-1], "+25 %")

    def test_compare_runs_everything_that_libdae_has(self):
        options = compare.parse_options(
            ["--bench", BENCH, "--no-torch", "--samples", "600", "--epochs", "1", "--rounds", "2",
             "--threads", "1,2", "--repeats", "100", "--workloads", "16:once,16:fresh"])
        study = compare.measure(options, [])
        text = tables.report(study)
        for threads in ("1", "2"):
            self.assertEqual(text.count(f"\n| {threads} | libdae | float32 |"), 2)
            self.assertIn(f"\n| 16 | {threads} | libdae | float32 | - | ", text)
        for line in ("bench peak --threads 2", "bench noise --threads 1",
                     "bench load DATA/train-images-idx3-ubyte DATA/train-images-idx3-ubyte.gz"):
            self.assertIn(line, study["commands"])
        for precision in ("float32", "bfloat16"):  # 2 workloads with 2 numbers of threads, where there is bfloat16
            runs = tables.select(study["records"], benchmark="train", round=2, precision=precision)
            expected = 4 if f"libdae | {precision} |" in text else 0
            self.assertEqual(len(runs), expected)
        self.assertIn("libdae | float32 |", text)


if __name__ == "__main__":
    BENCH = sys.argv.pop(1)
    compare.note = lambda text: None
    unittest.main()
