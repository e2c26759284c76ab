#!/usr/bin/env python3
"""dae.Denoiser, the estimator of the Python package.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_denoiser.py

Needs numpy, and skips what scikit-learn, joblib or matplotlib are needed for where they are missing. DENOISER_TWIN names the
program that denoiser_twin.c makes, MNIST_DENOISE the example mnist_denoise.
"""

import copy
import gc
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import types
import unittest
import warnings
from unittest import mock

from binding import NUMPY as np, ROOT, dae

if np is None:
    print("skipped: numpy is missing")
    sys.exit(77)

from dae import denoiser as module, history, progress, samples  # noqa: E402
from dae.denoiser import NotFittedError  # noqa: E402

try:
    import sklearn
    from sklearn.utils import estimator_checks
except ImportError:
    sklearn = None
try:
    import matplotlib
    matplotlib.use("Agg")
except ImportError:
    matplotlib = None

NEEDS_SKLEARN = unittest.skipIf(sklearn is None, "needs scikit-learn")
NEEDS_MATPLOTLIB = unittest.skipIf(matplotlib is None, "needs matplotlib")


def make_waves(count=120, length=12, seed=1):
    """Sines in [0, 1] of any phase: easy to denoise."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, (count, 1))
    return (0.5 + 0.5 * np.sin(phase + np.arange(length) / 2)).astype(np.float32)


def add_noise(clean, stddev=0.2, seed=2):
    return (clean + np.random.default_rng(seed).normal(0, stddev, clean.shape)).astype(np.float32)


def make_images(count=24, side=12, seed=1):
    """Discs at any place."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    centres = draw.uniform(2, side - 2, (count, 2, 1, 1))
    return ((y - centres[:, 0]) ** 2 + (x - centres[:, 1]) ** 2 < 9).astype(np.float32)


def make(**parameters):
    return dae.Denoiser(**{"epochs": 2, "seed": 1, **parameters})


def gain(denoiser, noisy, clean):
    """In dB, by numpy."""
    left = denoiser.transform(noisy).astype(float) - clean
    return 10 * np.log10(np.mean((noisy.astype(float) - clean) ** 2) / np.mean(left ** 2))


class DenoiserTest(unittest.TestCase):
    def test_what_it_gains(self):
        clean = make_waves()
        noisy = add_noise(make_waves(seed=5))
        denoiser = dae.Denoiser(seed=1).fit(clean)
        self.assertGreater(gain(denoiser, noisy, make_waves(seed=5)), 3)
        self.assertAlmostEqual(denoiser.score(noisy, make_waves(seed=5)), gain(denoiser, noisy, make_waves(seed=5)), places=3)
        self.assertGreater(denoiser.score(make_waves(seed=5)), 3)
        self.assertEqual(denoiser.score(make_waves(seed=5)), denoiser.score(make_waves(seed=5)))
        self.assertEqual(denoiser.noise_, str(dae.Noise("gaussian(%.2g)" % (clean.std() / 2))))
        self.assertIn("dense(units=48", denoiser.model_.format())
        self.assertEqual((denoiser.n_features_in_, denoiser.sample_shape_), (12, (12,)))

    def test_networks_by_the_shape_of_the_data(self):
        waves, images = make_waves(20, 48), make_images(16, 8)
        for data, parameters, network in (
                (waves, {"samples": "signals"}, "input(1, any) | signal_unet(16, 3)"),
                (waves[:, None], {}, "input(1, any) | signal_unet(16, 3)"),
                (np.stack([waves, waves], 1), {}, "input(2, any) | signal_unet(16, 3)"),
                (waves[:, None, :47], {}, "input(1, any) | dncnn(6, 24)"),
                (images, {}, "input(1, any, any) | unet(16, 3)"),
                (images[:, None], {}, "input(1, any, any) | unet(16, 3)"),
                (np.stack([images] * 3, 1)[..., :6], {}, "input(3, any, any) | unet(16, 1)"),
                (images[:, :7, :7], {}, "input(1, any, any) | dncnn(6, 24)"),
                (images, {"samples": "vectors"}, "input(64) | dense(256, activation=leaky_relu(0.1)) as code | dense(64)"),
                (waves, {}, "input(48) | dense(192, activation=leaky_relu(0.1)) as code | dense(48)"),
                (images, {"model": "dense_autoencoder(8)"}, "input(1, 8, 8) | dense_autoencoder(8)"),
                (images, {"model": "unet(2, 1)"}, "input(1, any, any) | unet(2, 1)"),
                (images, {"model": "input(8, 8) | dense(64)"}, "input(8, 8) | dense(64)"),
                (images, {"model": "input(64) | dense(64)"}, "input(64) | dense(64)")):
            with self.subTest(shape=data.shape, **parameters):
                denoiser = make(epochs=1, **parameters).fit(data)
                self.assertEqual(denoiser.model_.format(), dae.Model(network).format())
                self.assertEqual(denoiser.transform(data).shape, data.shape)
                self.assertEqual(denoiser.sample_shape_, data.shape[1:])

    def test_a_channel_changes_nothing(self):
        images = make_images()
        without, there = make(model="unet(2, 1)").fit(images), make(model="unet(2, 1)").fit(images[:, None])
        self.assertEqual(without.model_.to_bytes(), there.model_.to_bytes())
        np.testing.assert_array_equal(without.transform(images), there.transform(images[:, None])[:, 0])
        np.testing.assert_array_equal(without.transform(images[:, None])[:, 0], there.transform(images))

    def test_any_array(self):
        """The same model from the same numbers, however they lie."""
        clean = np.round(make_waves() * 200).astype(np.float32)
        read_only = clean.copy()
        read_only.setflags(write=False)
        expected = make().fit(clean).model_.to_bytes()
        for data in (clean.astype(float), clean.astype(np.uint8), np.asfortranarray(clean), read_only, clean.tolist(),
                     clean[:, ::-1][:, ::-1], np.ma.masked_array(clean), clean.astype(object), memoryview(clean)):
            self.assertEqual(make().fit(data).model_.to_bytes(), expected, type(data))
        self.assertEqual(make().fit(clean).transform(clean.astype(float)).dtype, np.float32)

    def test_arrays_are_let_go(self):
        clean, noisy = make_waves(), add_noise(make_waves())
        before = sys.getrefcount(clean), sys.getrefcount(noisy)
        denoiser = make().fit(noisy, clean)
        denoiser.score(noisy, clean)
        with self.assertRaises(dae.Error):
            make(objective="mze").fit(noisy, clean)
        gc.collect()
        self.assertEqual((sys.getrefcount(clean), sys.getrefcount(noisy)), before)
        expected = denoiser.transform(noisy)
        clean[:], noisy[:] = 0, 0
        np.testing.assert_array_equal(denoiser.transform(add_noise(make_waves())), expected)

    def test_pairs(self):
        clean, noisy = make_waves(), add_noise(make_waves())
        denoiser = make(epochs=40).fit(noisy, clean)
        self.assertIsNone(denoiser.noise_)
        self.assertIsNone(denoiser.model_.noise)
        self.assertGreater(denoiser.score(noisy, clean), 2)
        with self.assertRaisesRegex(ValueError, "needs both"):
            denoiser.score(noisy)
        self.assertEqual(make(noise="masking(0.5)").fit(noisy, clean).noise_, "masking(rate=0.5)")
        labels = make().fit(clean, np.arange(len(clean)))
        self.assertEqual(labels.model_.to_bytes(), make().fit(clean).model_.to_bytes())

    def test_values_that_are_missing(self):
        clean = make_waves()
        noisy, holed = add_noise(clean), clean.copy()
        holed[::3, ::4] = np.nan
        masked = np.ma.masked_array(clean, np.isnan(holed))
        expected = make(objective="mse(missing=skip)").fit(noisy, holed).model_.to_bytes()
        self.assertEqual(make(objective="mse(missing=skip)").fit(noisy, masked).model_.to_bytes(), expected)
        self.assertNotEqual(make(objective="mse(missing=skip)").fit(noisy, clean).model_.to_bytes(), expected)
        with self.assertRaisesRegex(ValueError, "y has a NaN"):
            make().fit(noisy, holed)
        with self.assertRaisesRegex(ValueError, "X has a NaN"):
            make(objective="mse(missing=skip)").fit(masked)

    def test_what_is_refused(self):
        clean = make_waves()
        holed, endless = clean.copy(), clean.astype(float)
        holed[4, 7], endless[4, 7] = np.nan, 1e300
        denoiser = make().fit(clean)
        before = denoiser.model_.to_bytes()
        for word, X, y, parameters, options in (
                (r"sample 4 is nan at \[7\]", holed, None, {}, {}),
                (r"sample 4 is inf at \[7\]", endless, None, {}, {}),
                ("Reshape your data", clean[0], None, {}, {}),
                (r"0 sample\(s\)", clean[:0], None, {}, {}),
                (r"0 feature\(s\)", clean[:, :0], None, {}, {}),
                ("Complex data not supported", clean + 1j, None, {}, {}),
                ("could not convert string", [["a", "b"]], None, {}, {}),
                ("clean samples of the same shape", clean, clean[:, :5], {}, {}),
                (r"120 samples and y the shape \(119,\)", clean, np.zeros(119), {}, {}),
                ("validation_split is 1", clean, None, {}, {"validation_split": 1}),
                ("validation_split is -0.5", clean, None, {}, {"validation_split": -0.5}),
                ("X.transpose", np.zeros((2, 8, 8, 3)), None, {}, {}),
                ("samples='vectors' takes any", np.zeros((2, 2, 2, 2, 2)), None, {}, {}),
                ("no images", clean, None, {"samples": "images"}, {}),
                ("expected one of vectors", clean, None, {"samples": "sounds"}, {}),
                ("found 'gausian'", clean, None, {"noise": "gausian(1)"}, {}),
                ("found 'dens'", clean, None, {"model": "dens(3)"}, {}),
                ("takes \\[13\\]|expecting 13 features", clean, None, {"model": "input(13) | dense(13)"}, {}),
                ("found 'adamant'", clean, None, {"optimizer": "adamant"}, {}),
                ("found 'mze'", clean, None, {"objective": "mze"}, {}),
                ("epochs is 0", clean, None, {"epochs": 0}, {}),
                ("batch_size is 0", clean, None, {"batch_size": 0}, {}),
                ("a callback is 'loud'", clean, None, {}, {"callbacks": ["loud"]}),
                ("found", clean, None, {"model": ""}, {}),
                ("model is 5", clean, None, {"model": 5}, {}),
                ("objective|argument 4", clean, None, {"objective": 5}, {}),
                ("argument", clean, None, {"seed": "one"}, {}),
                ("found 'normal'", clean, None, {"scaling": "normal"}, {})):
            with self.subTest(word):
                denoiser.set_params(**make(**parameters).get_params())
                with self.assertRaisesRegex(Exception, word) as caught:
                    denoiser.fit(X, y, **options)
                self.assertIsInstance(caught.exception, (ValueError, TypeError, dae.Error))
                self.assertEqual(denoiser.model_.to_bytes(), before)
        with self.assertRaisesRegex(ValueError, "X has 5 features, but Denoiser is expecting 12 features"):
            denoiser.transform(clean[:, :5])
        with self.assertRaisesRegex(ValueError, r"the model of Denoiser takes \[1, any, any\]"):
            make(epochs=1, model="unet(2, 1)").fit(make_images()).transform(np.zeros((2, 3, 8, 8)))
        for call in (lambda d: d.transform(clean), lambda d: d.score(clean), lambda d: d.denoise(clean), lambda d: d.summary(),
                     lambda d: d.stream(), lambda d: d.save("never"), lambda d: d.get_feature_names_out()):
            with self.assertRaisesRegex(NotFittedError, "not fitted yet"):
                call(dae.Denoiser())
        self.assertFalse(os.path.exists("never"))

    def test_parameters(self):
        denoiser = dae.Denoiser(noise="masking(0.3)", epochs=3)
        self.assertEqual(repr(denoiser), "Denoiser(noise='masking(0.3)', epochs=3)")
        self.assertIs(denoiser.set_params(seed=4, epochs=None), denoiser)
        self.assertEqual({k: v for k, v in denoiser.get_params().items() if v is not None},
                         {"noise": "masking(0.3)", "objective": "mse", "seed": 4, "noise_mode": "fresh"})
        with self.assertRaisesRegex(ValueError, "Invalid parameter 'noize'"):
            denoiser.set_params(seed=5, noize="none")
        self.assertEqual(denoiser.seed, 4)

    def test_objects_as_parameters(self):
        clean = make_waves()
        texts = {"model": "input(12) | dense(9, activation=tanh) | dense(12)", "noise": "masking(0.3)",
                 "optimizer": "adam(0.01)", "scaling": "standard"}
        expected = make(**texts).fit(clean)
        objects = {"model": dae.Model(texts["model"]), "noise": dae.Noise(texts["noise"]),
                   "optimizer": dae.Optimizer(texts["optimizer"]), "scaling": "standard"}
        found = make(**objects).fit(clean)
        self.assertEqual(found.model_.to_bytes(), expected.model_.to_bytes())
        found.model_.parameters = 0 * found.model_.parameters
        self.assertEqual(make(**objects).fit(clean).model_.to_bytes(), expected.model_.to_bytes())
        constructed = make(noise=dae.noise.masking(0.3), model=dae.layer.dense(9, activation="tanh") | dae.layer.dense(12),
                           optimizer=dae.optimizer.adam(0.01)).fit(clean)
        self.assertEqual(constructed.model_.to_bytes(), expected.model_.to_bytes())

    def test_training_begins_with_the_parameters_of_a_model(self):
        clean = make_waves()
        first = make(epochs=30).fit(clean)
        second = make(epochs=1, model=first.model_).fit(clean)
        self.assertIsNot(second.model_, first.model_)
        self.assertLess(second.history_["loss"][0], 0.5 * make(epochs=1).fit(clean).history_["loss"][0])
        self.assertEqual(second.model_.scaling, first.model_.scaling)

    def test_datasets(self):
        clean, noisy = make_waves(), add_noise(make_waves())
        source = dae.Dataset.from_array(clean)
        self.assertEqual(make().fit(source).model_.to_bytes(), make().fit(clean).model_.to_bytes())
        pairs = dae.Dataset.from_array(noisy).pair(source)
        denoiser = make().fit(noisy, clean)
        self.assertEqual(make().fit(pairs).model_.to_bytes(), denoiser.model_.to_bytes())
        self.assertEqual(denoiser.score(pairs), denoiser.score(noisy, clean))
        np.testing.assert_array_equal(denoiser.transform(pairs).read()[0], denoiser.transform(noisy))
        with self.assertRaisesRegex(ValueError, "X.pair"):
            make().fit(source, clean)

    def test_data_that_are_all_the_same(self):
        denoiser = make().fit(np.full((20, 4), 3.0))
        self.assertEqual(denoiser.model_.scaling, "none")
        self.assertEqual(denoiser.transform(np.full((2, 4), 3.0)).shape, (2, 4))

    def test_without_validation(self):
        denoiser = make(epochs=7, patience=1).fit(make_waves(), validation_split=0)
        self.assertEqual(denoiser.epochs_, 7)
        self.assertIsNone(denoiser.history_.best)
        self.assertTrue(all(np.isnan(denoiser.history_["validation_loss"])))
        self.assertEqual(make().fit(make_waves(1)).history_.best, None)

    def test_the_best_epoch_is_kept(self):
        clean = make_waves(40)
        told = []
        denoiser = make(epochs=60, optimizer="adam(0.3)", patience=4, noise_mode="once")
        denoiser.fit(clean, callbacks=[told.append])
        best = denoiser.history_.best
        self.assertEqual(denoiser.epochs_, best + 4)
        self.assertEqual(len(told), denoiser.epochs_)
        again = make(epochs=60, optimizer="adam(0.3)", patience=0, noise_mode="once")
        again.fit(clean, callbacks=[lambda progress: progress.epoch == best])
        self.assertEqual(again.model_.to_bytes(), denoiser.model_.to_bytes())
        self.assertEqual(again.epochs_, best)

    def test_threads_change_nothing(self):
        before = dae.get_num_threads()
        one, two = (make(threads=threads).fit(make_waves()) for threads in (1, 2))
        self.assertEqual(one.model_.to_bytes(), two.model_.to_bytes())
        self.assertEqual(one.transform(make_waves()).tobytes(), two.transform(make_waves()).tobytes())
        self.assertEqual(dae.get_num_threads(), before)

    def test_a_sample_gives_the_same_alone(self):
        clean = make_waves()
        denoiser = make().fit(clean)
        together = denoiser.transform(clean)
        for index in range(0, len(clean), 17):
            np.testing.assert_array_equal(denoiser.transform(clean[index:index + 1])[0], together[index])


class BytesTest(unittest.TestCase):
    """The same model as by other ways to the same library."""

    PARAMETERS = {"seed": 7, "epochs": 6, "model": "input(12) | dense_autoencoder(24)"}
    NOISE = "gaussian(0.5) | clip(0, 1)"

    def test_plain_calls(self):
        clean = make_waves()
        denoiser = dae.Denoiser(noise=self.NOISE, **self.PARAMETERS).fit(clean)
        valid, train = dae.Dataset.from_array(clean).view("shuffle", 7).split(12)
        train, valid = train.corrupt(self.NOISE, 7), valid.corrupt(self.NOISE, 8, "once")
        model = dae.Model(self.PARAMETERS["model"], seed=7).set_scaling("standard", train)
        trainer = dae.Trainer(model, "adam(0.002) | clip_norm(1) | cosine(epochs=6)", "mse", batch_size=32, seed=7, validation=valid)
        trainer.stop_early(5)
        trainer.fit(train, 6)
        trainer.restore_best()
        self.assertEqual(denoiser.model_.to_bytes(), model.to_bytes())
        self.assertEqual(denoiser.history_["loss"], trainer.history["loss"])
        self.assertEqual(denoiser.score(clean), 10 * np.log10(np.divide(*model.measure(
            dae.Dataset.from_array(clean).corrupt(self.NOISE, 9, "once"), "input_mse", "mse"))))

    @unittest.skipUnless(os.environ.get("DENOISER_TWIN"), "needs the program that denoiser_twin.c makes")
    def test_a_program_in_c(self):
        clean, noisy = make_waves(), add_noise(make_waves())
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("clean.npy", "model.safetensors", "noisy.npy")]
            np.save(paths[0], clean)
            np.save(paths[2], noisy)
            subprocess.run([os.environ["DENOISER_TWIN"], *paths[:2]], check=True)
            with open(paths[1], "rb") as file:
                self.assertEqual(dae.Denoiser(noise=self.NOISE, **self.PARAMETERS).fit(clean).model_.to_bytes(), file.read())
            said = subprocess.run([os.environ["DENOISER_TWIN"], *paths], check=True, stdout=subprocess.PIPE).stdout
            denoiser = dae.Denoiser(**self.PARAMETERS).fit(noisy, clean)
            with open(paths[1], "rb") as file:
                self.assertEqual(denoiser.model_.to_bytes(), file.read())
            self.assertAlmostEqual(denoiser.score(noisy, clean), float(said), places=9)
            loaded = dae.Denoiser.load(paths[1])
            np.testing.assert_array_equal(loaded.transform(noisy), denoiser.transform(noisy))

    @unittest.skipUnless(os.environ.get("MNIST_DENOISE"), "needs the example mnist_denoise")
    def test_the_reference_experiment(self):
        """As in docs/denoiser.md, of two epochs."""
        data = os.path.join(ROOT, "examples", "data")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([os.environ["MNIST_DENOISE"], "--data", data, "--output", folder, "--epochs", "2", "--no-clip"],
                           check=True, stdout=subprocess.DEVNULL)
            with open(os.path.join(folder, "denoiser.safetensors"), "rb") as file:
                expected = file.read()
        reference = dae.Denoiser("input(784) | dense(128, activation=relu) | dense(784, activation=relu)",
                                 noise="gaussian(mean=0.5, stddev=0.5)", noise_mode="once", optimizer="adam(0.001)",
                                 scaling="none", batch_size=256, epochs=2, seed=1)
        reference.fit(dae.Dataset.open(os.path.join(data, "train-images-idx3-ubyte.gz")), validation_split=0)
        self.assertEqual(reference.model_.to_bytes(), expected)


class UseTest(unittest.TestCase):
    """Samples of any size, streams, files, copies."""

    @classmethod
    def setUpClass(cls):
        cls.pictures = make(model="unet(2, 1)").fit(make_images())
        cls.vectors = make().fit(make_waves())
        cls.signals = make(model="signal_unet(2, 1)").fit(make_waves(length=32)[:, None])

    def test_pictures_of_any_size(self):
        picture = np.random.default_rng(1).uniform(size=(31, 18)).astype(np.float32)
        clean = self.pictures.denoise(picture)
        np.testing.assert_array_equal(clean, self.pictures.model_.apply(picture))
        self.assertEqual(clean.shape, picture.shape)
        np.testing.assert_array_equal(self.pictures.denoise(picture[None]), clean[None])
        several = self.pictures.denoise(np.stack([picture, picture]))
        np.testing.assert_array_equal(several, np.stack([clean, clean]))
        np.testing.assert_array_equal(self.pictures.denoise(np.stack([picture, picture])[:, None]), several[:, None])
        mixed = self.pictures.denoise([picture, picture[:, :9]])
        np.testing.assert_array_equal(mixed[0], clean)
        self.assertEqual(mixed[1].shape, (31, 9))
        part = picture[:12, :12]
        np.testing.assert_array_equal(self.pictures.denoise(part), self.pictures.transform(part[None])[0])
        large, told = np.tile(picture, (6, 10)), []
        tiled = self.pictures.denoise(large, "tiles(memory=1e6)", lambda done, total: told.append((done, total)))
        np.testing.assert_array_equal(tiled, self.pictures.denoise(large))
        self.assertGreater(len(told), 1)
        self.assertEqual(told[-1][0], told[-1][1])
        with self.assertRaisesRegex(ValueError, "NaN"):
            self.pictures.denoise(np.full((20, 20), np.nan))

    def test_other_sizes_in_transform(self):
        images = make_images(3, 16)
        np.testing.assert_array_equal(self.pictures.transform(images), self.pictures.denoise(images))

    def test_vectors(self):
        waves = make_waves(5)
        np.testing.assert_array_equal(self.vectors.denoise(waves), self.vectors.transform(waves))
        np.testing.assert_array_equal(self.vectors.denoise(waves[0]), self.vectors.transform(waves)[0])
        recording = make_waves(1, 100)[0]
        np.testing.assert_array_equal(self.vectors.denoise(recording), self.vectors.model_.apply(recording))
        np.testing.assert_array_equal(self.vectors.denoise(recording[None]), self.vectors.denoise(recording)[None])

    def test_signals(self):
        recording = make_waves(1, 1000)[0]
        whole = self.signals.denoise(recording)
        self.assertEqual(whole.shape, (1000,))
        np.testing.assert_array_equal(self.signals.denoise(recording[None]), whole[None])
        np.testing.assert_array_equal(self.signals.denoise(np.stack([recording] * 3)), np.stack([whole] * 3))
        stream = self.signals.stream()
        pieces = [stream.push(recording[first:first + 77]) for first in range(0, 1000, 77)] + [stream.flush()]
        np.testing.assert_array_equal(np.concatenate(pieces)[stream.latency:], whole)

    def test_several_channels(self):
        data = np.stack([make_waves(20, 32), make_waves(20, 32, 3)], 1)
        denoiser = make(model="signal_unet(2, 1)").fit(data)
        np.testing.assert_array_equal(denoiser.denoise(data[0]), denoiser.transform(data)[0])
        self.assertEqual(denoiser.denoise(np.concatenate([data[0]] * 5, 1)).shape, (2, 160))
        self.assertEqual(denoiser.denoise(np.concatenate([data] * 5, 2)).shape, (20, 2, 160))

    def test_files(self):
        waves = make_waves()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "waves.safetensors")
            denoiser = dae.Denoiser(noise=dae.Noise("masking(0.3)"), epochs=np.int64(3), seed=5).fit(waves)
            before = denoiser.model_.to_bytes()
            denoiser.save(path)
            self.assertEqual(denoiser.model_.to_bytes(), before)
            loaded = dae.Denoiser.load(path)
            np.testing.assert_array_equal(loaded.transform(waves), denoiser.transform(waves))
            self.assertEqual(loaded.get_params(), {**denoiser.get_params(), "noise": "masking(rate=0.3)"})
            for name in ("findings_", "noise_", "epochs_", "sample_shape_", "n_features_in_"):
                self.assertEqual(getattr(loaded, name), getattr(denoiser, name), name)
            self.assertEqual(dict(loaded.history_), dict(denoiser.history_))
            self.assertEqual(json.dumps(loaded.figures_), json.dumps(denoiser.figures_))
            self.assertEqual(loaded.score(waves), denoiser.score(waves))
            self.assertEqual(loaded.model_.to_bytes(), before)
            plain = dae.Model.load(path)
            np.testing.assert_array_equal(plain.run(waves[:1]), denoiser.transform(waves[:1]))
            self.assertEqual(json.loads(plain.notes["denoiser.parameters"])["epochs"], 3)
            denoiser.model_.save(path)  # as any other program leaves it
            other = dae.Denoiser.load(path)
            np.testing.assert_array_equal(other.transform(waves), denoiser.transform(waves))
            self.assertEqual(other.fit(waves).model_.format(), denoiser.model_.format())
            with self.assertRaises(dae.Error):
                denoiser.save(os.path.join(folder, "absent", "model"))

    def test_copies(self):
        waves = make_waves()
        for other in (pickle.loads(pickle.dumps(self.vectors)), copy.copy(self.vectors), copy.deepcopy(self.vectors)):
            np.testing.assert_array_equal(other.transform(waves), self.vectors.transform(waves))
            self.assertEqual(other.score(waves), self.vectors.score(waves))
            self.assertEqual(str(other.history_), str(self.vectors.history_))
        self.assertIsNot(copy.deepcopy(self.vectors).model_, self.vectors.model_)

    def test_summary(self):
        with mock.patch("sys.stdout", io.StringIO()) as out:
            self.vectors.summary()
        for line in str(self.vectors.model_).splitlines() + self.vectors.findings_:
            self.assertIn(line, out.getvalue())
        self.assertIn("noise: " + self.vectors.noise_, out.getvalue())

    def test_findings(self):
        waves = make_waves(400)
        found = make(noise="none").fit(waves).findings_
        self.assertTrue(any("the same" in sentence for sentence in found), found)
        slow = make(optimizer="sgd(1e-30)", epochs=6, noise_mode="once").fit(waves)
        trainer_said = [sentence for sentence in slow.findings_ if "from epoch" in sentence]
        self.assertTrue(trainer_said, slow.findings_)

    def test_figures(self):
        clean, noisy = make_waves(), add_noise(make_waves())
        denoiser = make().fit(noisy, clean, validation_split=0)
        mse = np.mean((denoiser.transform(noisy).astype(float) - clean) ** 2)
        self.assertAlmostEqual(denoiser.figures_["mse"], mse, places=7)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class ProgressTest(unittest.TestCase):
    def fit(self, stream, epochs=3, **options):
        with mock.patch("sys.stderr", stream):
            make(epochs=epochs).fit(make_waves(), **options)
        return stream.getvalue()

    def test_a_bar_in_a_terminal(self):
        with mock.patch.object(progress, "PAUSE", 0):
            said = self.fit(Terminal())
        lines = said.split("\n")[0].split("\r")
        self.assertIn("epoch 1/3  [", lines[1])
        self.assertIn("epoch 3/3  [====================]", lines[-1])
        self.assertIn("validation", lines[-1])
        self.assertTrue(all(len(line) <= 80 for line in lines))
        self.assertGreater(len(lines), 9)  # steps are seen, too
        self.assertEqual(self.fit(Terminal(), verbose=0), "")

    def test_nothing_elsewhere_but_lines_that_are_asked_for(self):
        self.assertEqual(self.fit(io.StringIO()), "")
        lines = self.fit(io.StringIO(), verbose=2).splitlines()
        self.assertRegex(lines[0], r"^epoch 1/3  loss [\d.e-]+  validation [\d.e-]+ \([\d.-]+ dB\)  [\d.]+ s$")
        self.assertTrue(lines[2].startswith("epoch 3/3"))

    def test_a_bar_in_a_notebook(self):
        shown = []
        handle = types.SimpleNamespace(update=lambda text: shown.append(text))
        ipython = types.ModuleType("IPython")
        ipython.get_ipython = lambda: types.SimpleNamespace(kernel=1)
        ipython.display = types.ModuleType("IPython.display")
        ipython.display.HTML, ipython.display.display = str, lambda text, display_id: handle
        with mock.patch.dict(sys.modules, {"IPython": ipython, "IPython.display": ipython.display}):
            self.assertEqual(self.fit(Terminal()), "")
        self.assertTrue(shown[-1].startswith("<pre>epoch 3/3  [==="))

    def test_callbacks(self):
        class Listener:
            def __init__(self):
                self.epochs, self.steps = [], 0

            def on_epoch(self, told):
                self.epochs.append(told.epoch)

            def on_step(self, told):
                self.steps += 1

        listener, function = Listener(), mock.Mock(return_value=False, spec=[])
        make(epochs=3).fit(make_waves(), callbacks=[function, listener])
        self.assertEqual((listener.epochs, listener.steps, function.call_count), ([1, 2, 3], 12, 3))
        self.assertEqual(make(epochs=3).fit(make_waves(), callbacks=[lambda told: told.epoch == 2]).epochs_, 2)

        def fail(told):
            raise LookupError("enough")

        denoiser = make()
        with self.assertRaisesRegex(LookupError, "enough"):
            denoiser.fit(make_waves(), callbacks=[fail])
        self.assertFalse(hasattr(denoiser, "model_"))

    def test_an_interrupt_keeps_what_was_learnt(self):
        def interrupt(told):
            if told.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        denoiser = make(epochs=1000)
        with self.assertWarnsRegex(UserWarning, "interrupted after 2 epochs"):
            self.assertIs(denoiser.fit(make_waves(), callbacks=[interrupt]), denoiser)
        self.assertEqual(denoiser.epochs_, 2)
        self.assertEqual(len(denoiser.history_["loss"]), 2)
        self.assertEqual(denoiser.transform(make_waves()).shape, (120, 12))
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)


class HistoryTest(unittest.TestCase):
    def setUp(self):
        self.history = history.History({"loss": [3.0, 2.0, 1.5], "validation_loss": [3.5, 2.5, 2.75],
                                        "validation_psnr": [float("nan")] * 3})

    def test_columns(self):
        denoiser = make(epochs=4).fit(make_waves())
        self.assertEqual(list(denoiser.history_)[:4], ["loss", "validation_loss", "validation_psnr", "seconds"])
        self.assertEqual({len(column) for column in denoiser.history_.values()}, {4})
        self.assertEqual(self.history.best, 2)
        self.assertIsNone(history.History({}).best)

    def test_tables(self):
        self.assertEqual(len(str(history.History({"loss": list(range(100))})).splitlines()), 10)
        self.assertNotIn("psnr", str(self.history))
        self.assertIn("<td>2.75</td>", self.history._repr_html_())

    @NEEDS_MATPLOTLIB
    def test_plot(self):
        from matplotlib.figure import Figure
        axes = Figure().subplots()
        self.assertIs(self.history.plot(ax=axes), axes)
        lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        self.assertEqual(list(lines["loss"]), self.history["loss"])
        self.assertEqual(list(lines["validation loss"]), self.history["validation_loss"])
        self.assertEqual(lines["best epoch"], [0, 1])
        self.assertEqual(len(self.history.plot(["loss"], Figure().subplots()).get_lines()), 1)
        self.assertIsNotNone(self.history.plot())
        self.assertTrue(self.history._repr_png_().startswith(b"\x89PNG"))
        self.assertIn("data:image/png;base64,", self.history._repr_html_())

    def test_without_matplotlib(self):
        with mock.patch.dict(sys.modules, {"matplotlib": None, "matplotlib.figure": None,
                                           "matplotlib.backends.backend_agg": None}):
            self.assertIsNone(self.history._repr_png_())
            self.assertTrue(self.history._repr_html_().startswith("<table>"))


@NEEDS_SKLEARN
class ScikitLearnTest(unittest.TestCase):
    def test_its_own_checks(self):
        checks = list(estimator_checks.check_estimator(make(epochs=3), generate_only=True))
        self.assertGreater(len(checks), 30)
        for estimator, check in checks:
            with self.subTest(check.func.__name__ if hasattr(check, "func") else check), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(estimator)

    def test_pipelines(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        clean, labels = make_waves(), np.arange(120) % 2
        clean[labels == 1] *= 0.5
        pipeline = make_pipeline(make(epochs=20), StandardScaler(), LogisticRegression())
        pipeline.fit(clean, labels, denoiser__validation_split=0)
        self.assertGreater(pipeline.score(add_noise(clean, 0.05), labels), 0.9)
        self.assertEqual(list(pipeline[0].get_feature_names_out())[:2], ["x0", "x1"])

    def test_search(self):
        from sklearn.model_selection import GridSearchCV
        clean = make_waves()
        noisy = add_noise(clean)
        search = GridSearchCV(make(), {"epochs": [1, 20], "model": ["dense_autoencoder(16)"]}, cv=2)
        search.fit(noisy, clean)
        self.assertEqual(search.best_params_["epochs"], 20)
        self.assertAlmostEqual(search.best_estimator_.score(noisy, clean), search.score(noisy, clean))

    def test_clones_and_joblib(self):
        import joblib
        from sklearn.base import clone
        denoiser = make(noise=dae.Noise("masking(0.3)"), optimizer=dae.Optimizer("adam(0.01)")).fit(make_waves())
        other = clone(denoiser)
        self.assertFalse(hasattr(other, "model_"))
        self.assertEqual(other.fit(make_waves()).model_.to_bytes(), denoiser.model_.to_bytes())
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "denoiser.joblib")
            joblib.dump(denoiser, path)
            np.testing.assert_array_equal(joblib.load(path).transform(make_waves()), denoiser.transform(make_waves()))
        expected = [make(seed=seed).fit(make_waves()).model_.to_bytes() for seed in (1, 2)]
        for prefer in ("processes", "threads"):
            jobs = (joblib.delayed(make(seed=seed).fit)(make_waves()) for seed in (1, 2))
            found = joblib.Parallel(n_jobs=2, prefer=prefer)(jobs)
            self.assertEqual([one.model_.to_bytes() for one in found], expected, prefer)


def load_tests(loader, tests, pattern):
    import doctest
    for one in (module, samples, history):
        tests.addTests(doctest.DocTestSuite(one))
    return tests


if __name__ == "__main__":
    unittest.main()
