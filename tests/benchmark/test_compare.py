#!/usr/bin/env python3
"""Checks that the benchmark works and that the tables say what was measured. No time is judged.

usage: test_compare.py BENCH
"""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

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


def network(library, number, step, way="", settings="", **more):
    """A made-up summary of a network's run, one batch in a third of a step's time."""
    return {"benchmark": "network", "library": library, "network": "signal", "threads": 1, "way": way,
            "settings": settings, "round": number, "step_min_ms": step, "step_median_ms": step,
            "gflop_per_step": 10.0, "peak_gflops": 1000.0, "samples": 64, "batch": 64,
            "batch_min_ms": step / 3, "batch_median_ms": step / 3, "sample_min_us": 10 * step,
            "sample_median_us": 10 * step, **more}


def chain_gflop(*layers):
    """Of training on one sample: layers are (channels in, channels out, values of a window, places)."""
    work = [2e-9 * inputs * outputs * window * places for inputs, outputs, window, places in layers]
    return 3 * sum(work) - work[0]


# By hand from the shapes that the networks have at each layer.
GFLOP = {
    "conv_autoencoder": chain_gflop((1, 32, 9, 784), (32, 32, 9, 196), (32, 32, 9, 49), (32, 32, 9, 196),
                                    (32, 1, 9, 784)),
    "residual32": chain_gflop((1, 32, 9, 1600), *[(32, 32, 9, 1600)] * 6, (32, 1, 9, 1600)),
    "residual64": chain_gflop((1, 64, 9, 1600), *[(64, 64, 9, 1600)] * 6, (64, 1, 9, 1600)),
    "signal": chain_gflop((1, 32, 9, 1024), *[(32, 32, 9, 1024)] * 3, (32, 1, 9, 1024)),
    "living": chain_gflop((784, 128, 1, 1), (128, 784, 1, 1)),
}


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
        self.assertEqual(kinds[:5], ["gaussian", "uniform", "masking", "salt_pepper", "clip"])
        self.assertEqual(kinds[-3:], ["rng bits", "rng uniform", "rng normal"])
        self.assertEqual(len(set(kinds)), len(kinds))

    def test_networks_do_the_work_that_is_said(self):
        described, = bench("describe")
        self.assertEqual(described["networks"], list(GFLOP))
        for name, gflop in GFLOP.items():
            with self.subTest(network=name):
                line, = bench("network", "--network", name, "--threads", "2", "--repeats", "2",
                              "--batch", "1", "--samples", "3")
                self.assertAlmostEqual(line["gflop_per_step"] / gflop, 1, delta=1e-3)
                self.assertAlmostEqual(line["peak_share"] * line["peak_gflops"] * line["step_min_ms"],
                                       1e3 * gflop, delta=20 * gflop)
                self.assertLessEqual(line["step_min_ms"], line["step_median_ms"])
                self.assertLessEqual(line["batch_min_ms"], line["batch_median_ms"])
                self.assertEqual((line["threads"], line["samples"]), (2, 3 if name == "living" else 1))

    def test_one_sample_is_timed_on_one_thread(self):
        words = ["network", "--network", "conv_autoencoder", "--repeats", "1", "--batch", "2", "--threads"]
        line, = bench(*words, "1")
        self.assertLessEqual(line["sample_min_us"], line["sample_median_us"])
        self.assertEqual((line["batch"], line["parameters"]), (2, 28353))
        self.assertNotIn("sample_min_us", bench(*words, "2")[0])

    def test_pytorch_has_networks_by_the_same_names(self):
        text = Path(compare.HERE / "torch_networks.py").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r'^    "(\w+)": Network\(', text, re.M), list(GFLOP))

    def test_wrong_words_are_refused(self):
        for words in (["sing"], ["train", "--epochs", "0"], ["train", "--noise", "loud"],
                      ["train", "--epochs"], ["train", "--tempo", "1"], ["network"],
                      ["network", "--network", "lstm"],
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

    def test_networks_are_set_against_the_best_way(self):
        records = [network("libdae", 1, 20), network("libdae", 2, 25), network("pytorch", 1, 90, "nchw", "a"),
                   network("pytorch", 2, 90, "nchw", "a"), network("pytorch", 1, 60, "channels_last", "a"),
                   network("pytorch", 2, 50, "channels_last", "a"),
                   network("pytorch", 1, 80, "channels_last", "b")]
        text = tables.networks(records)
        self.assertEqual(cells(text, ["signal", "1", "10.00"])[3:],
                         ["20.00", "22.50", "45 %", "50.00", "55.00", "18 %", "channels_last, a",
                          "2.50 (2.00 - 3.00)"])
        self.assertNotIn("an epoch", text)
        self.assertEqual(cells(text, ["signal", "1", "200.0"])[3:],
                         ["225.0", "500.0", "550.0", "channels_last, a", "2.50 (2.00 - 3.00)", *["-"] * 4])

    def test_running_has_a_best_way_of_its_own(self):
        traced = {name: value for name, value in network("pytorch", 1, 15, "nchw, jit").items()
                  if not name.startswith("step")}
        records = [network("libdae", 1, 30), network("pytorch", 1, 60, "nchw"), traced,
                   network("onnxruntime", 1, 90, "as it is"), network("onnxruntime", 1, 60, "flat")]
        text = tables.networks(records)
        self.assertEqual(cells(text, ["signal", "1", "10.00", "30.00"])[6:],
                         ["60.00", "60.00", "17 %", "nchw", "2.00"])
        self.assertEqual(cells(text, ["signal", "1", "10.00", "10.00"])[4:],
                         ["5.00", "5.00", "nchw, jit", "0.50", "20.00", "20.00", "flat", "2.00"])

    def test_epochs_of_a_set_are_told_in_seconds(self):
        records = [network("libdae", 1, 2, samples=64000), network("pytorch", 1, 4, "rows", samples=64000)]
        text = tables.networks(records)
        self.assertEqual(cells(text[text.index("an epoch"):].split("\n###")[0], ["signal", "1"])[2:],
                         ["64000", "2.000", "2.000", "4.000", "4.000"])

    def test_only_known_networks_are_chosen(self):
        self.assertEqual(compare.choose_networks(None, ["a", "b"]), ["a", "b"])
        self.assertEqual(compare.choose_networks([], ["a", "b"]), [])
        with self.assertRaises(compare.Failed):
            compare.choose_networks(["b", "c"], ["a", "b"])

    def test_compare_runs_everything_that_libdae_has(self):
        options = compare.parse_options(
            ["--bench", BENCH, "--no-torch", "--samples", "600", "--epochs", "1", "--rounds", "2",
             "--threads", "1,2", "--repeats", "100", "--workloads", "16:once,16:fresh",
             "--networks", "living", "--steps", "1"])
        study = compare.measure(options, [])
        text = tables.report(study)
        for threads in ("1", "2"):
            self.assertEqual(text.count(f"\n| {threads} | libdae | float32 |"), 2)
            self.assertIn(f"\n| 16 | {threads} | libdae | float32 | - | ", text)
            self.assertEqual(text.count(f"\n| living | {threads} | "), 4 if threads == "1" else 3)
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
