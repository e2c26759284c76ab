#!/usr/bin/env python3
"""Trainers of the Python binding.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_trainer.py

Needs the standard library only. Every class runs without numpy first, and with it if it is there.
"""

import math
import os
import pathlib
import signal
import tempfile
import threading
import unittest

from binding import (NUMPY, Standard, dae, flat, library, make_data, make_model, with_numpy)


class TrainerTest(Standard):
    def make(self, **options):
        model = make_model()
        return model, dae.Trainer(model, "adam(0.01)", batch_size=8, seed=1, **options)

    def test_fit(self):
        data = dae.Dataset.from_array(make_data()).corrupt("gaussian(0.1)", 2)
        model, trainer = self.make(validation=data, figures="mae")
        epochs, steps = [], []
        self.assertTrue(trainer.fit(data, 4, on_epoch=epochs.append, on_step=steps.append))
        self.assertEqual([p.epoch for p in epochs], [1, 2, 3, 4])
        self.assertEqual([p.step for p in steps], [1, 2, 3] * 4)
        self.assertEqual((trainer.epochs, trainer.steps), (4, 12))
        history = trainer.history
        self.assertEqual(history["validation_mae"][-1], model.measure(data, "mae")[0])
        self.assertEqual(history["loss"], [p.loss for p in epochs])
        self.assertEqual(history["validation_loss"], [p.validation_loss for p in epochs])
        self.assertLess(history["loss"][-1], history["loss"][0])
        self.assertEqual(str(model.noise), "gaussian(mean=0, stddev=0.1)")
        low, high = model.range
        self.assertLess(low, high)

    def test_steps_and_gradients(self):
        model, trainer = self.make()
        x = make_data(8)
        before, seen = flat(model.parameters), []
        trainer.on_gradient(lambda gradient: seen.append(flat(gradient)))
        loss = trainer.step(x, x)
        difference = [(a - b) ** 2 for a, b in zip(flat(make_model().run(x)), flat(x))]
        self.assertAlmostEqual(loss, sum(difference) / len(difference), delta=1e-6)
        self.assertEqual(len(seen[0]), model.parameter_count)
        self.assertNotEqual(flat(model.parameters), before)

        def silence(gradient):
            for k in range(len(gradient)):
                gradient[k] = 0.0

        model, trainer = self.make()
        trainer.on_gradient(silence)
        trainer.step(x, x)
        self.assertEqual(flat(model.parameters), before)
        trainer.on_gradient(lambda gradient: True)
        self.assertFails(dae.Status.ERROR_CALLBACK, "", trainer.step, x, x)
        trainer.on_gradient(None)
        trainer.step(x, x)
        self.assertEqual(trainer.steps, 2)
        with self.assertRaises(ValueError):
            trainer.step(x, make_data(7))

    def test_exceptions_of_callbacks_reach_the_caller(self):
        data = dae.Dataset.from_array(make_data())
        model, trainer = self.make()

        def fail(_):
            raise LookupError("enough")

        for options in ({"on_epoch": fail}, {"on_step": fail}):
            with self.assertRaisesRegex(LookupError, "enough") as caught:
                trainer.fit(data, 2, **options)
            self.assertEqual(caught.exception.__cause__.status, dae.Status.ERROR_CANCELLED)
        before = flat(model.parameters)
        trainer.on_gradient(fail)
        with self.assertRaisesRegex(LookupError, "enough") as caught:
            trainer.fit(data)
        self.assertEqual(caught.exception.__cause__.status, dae.Status.ERROR_CALLBACK)
        self.assertEqual(flat(model.parameters), before)
        trainer.on_gradient(None)
        self.assertTrue(trainer.fit(data))
        self.assertEqual(library.raised_by, {})

    def test_stopping(self):
        data = dae.Dataset.from_array(make_data())
        _, trainer = self.make()
        self.assertFalse(trainer.fit(data, 5, on_epoch=lambda p: p.epoch == 2))
        self.assertEqual(trainer.epochs, 2)
        self.assertFalse(trainer.fit(data, 5, on_step=lambda p: trainer.stop()))
        timer = threading.Timer(0.05, trainer.stop)
        timer.start()
        self.assertFalse(trainer.fit(data, 2**31))
        timer.join()

    def test_interrupt(self):
        data = dae.Dataset.from_array(make_data())
        _, trainer = self.make()
        before = signal.getsignal(signal.SIGINT)
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            trainer.fit(data, 2**31)
        timer.join()
        self.assertIs(signal.getsignal(signal.SIGINT), before)
        self.assertTrue(trainer.fit(data))

    def make_noisy(self, mode="fresh"):
        return dae.Dataset.from_array(make_data()).corrupt("gaussian(0.1)", 2, mode)

    def test_checkpoints(self):
        """A run that is stopped in an epoch and goes on from bytes, or from a file, ends as one that was not."""
        straight, trainer = self.make()
        trainer.fit(self.make_noisy(), 4)
        losses = trainer.history["loss"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.checkpoint")
            _, first = self.make()
            self.assertFalse(first.fit(self.make_noisy(), 4, on_step=lambda p: (p.epoch, p.step) == (2, 2)))
            first.save_checkpoint(path)
            self.assertEqual(os.listdir(folder), ["run.checkpoint"])
            data = first.checkpoint_to_bytes()
            with open(path, "rb") as file:
                self.assertEqual(file.read(), data)
            for source in (path, pathlib.Path(path), data, bytearray(data), memoryview(data)):
                with self.subTest(source=type(source)):
                    model, second = self.make()
                    second.load_checkpoint(source)
                    self.assertEqual((second.epochs, second.steps), (1, 5))
                    self.assertTrue(second.fit(self.make_noisy(), 3))
                    self.assertEqual(flat(model.parameters), flat(straight.parameters))
                    self.assertEqual(second.history["loss"], losses)

    def test_checkpoints_that_fits_write(self):
        data = self.make_noisy()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run")
            model, trainer = self.make()
            trainer.checkpoint(path, every=2, unit="steps", keep=2)
            trainer.fit(data)  # 3 steps: one checkpoint after the second, one at the end
            self.assertEqual(sorted(os.listdir(folder)), ["run", "run.1"])
            with open(path, "rb") as file:
                self.assertEqual(file.read(), trainer.checkpoint_to_bytes())
            steps = []
            for name in ("run", "run.1"):
                _, other = self.make()
                other.load_checkpoint(os.path.join(folder, name))
                steps.append(other.steps)
            self.assertEqual(steps, [3, 2])
            os.remove(path)
            os.remove(path + ".1")
            trainer.checkpoint(None)
            trainer.fit(data)
            self.assertEqual(os.listdir(folder), [])

    def test_checkpoints_that_cannot_be_written(self):
        data, failures = self.make_noisy(), []
        path = os.path.join(os.sep, "absent", "run")
        _, trainer = self.make()
        trainer.checkpoint(path)
        self.assertFails(dae.Status.ERROR_IO, path, trainer.fit, data, 2)
        self.assertEqual(trainer.epochs, 1)
        trainer.checkpoint(path, on_failure="go_on")
        self.assertTrue(trainer.fit(data, 2, on_checkpoint_failed=failures.append))
        self.assertEqual(trainer.epochs, 3)
        self.assertGreaterEqual(len(failures), 2)
        for reason in failures:
            self.assertIn(path, reason)
        self.assertFalse(trainer.fit(data, 9, on_checkpoint_failed=lambda reason: True))
        self.assertEqual(trainer.epochs, 4)
        self.assertFails(dae.Status.ERROR_IO, path, trainer.save_checkpoint, path)

    def test_checkpoints_that_are_refused(self):
        model, trainer = self.make()
        trainer.fit(self.make_noisy(), 1)
        data, before = trainer.checkpoint_to_bytes(), flat(model.parameters)
        other = dae.Trainer(model, "adam(0.01)", batch_size=7, seed=1)
        self.assertFails(dae.Status.ERROR_STATE, "batch size '8'", other.load_checkpoint, data)
        self.assertFails(dae.Status.ERROR_FORMAT, "", trainer.load_checkpoint, data[:-1])
        self.assertFails(dae.Status.ERROR_IO, "absent", trainer.load_checkpoint, "absent")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "path", trainer.checkpoint, "")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "count", trainer.checkpoint, "run", every=0)
        for wrong in ({"unit": "hours"}, {"on_failure": "cry"}):
            with self.assertRaises((ValueError, KeyError)):
                trainer.checkpoint("run", **wrong)
        with self.assertRaises(TypeError):
            trainer.load_checkpoint(7)
        self.assertEqual(flat(model.parameters), before)
        trainer.load_checkpoint(data)
        self.assertFails(dae.Status.ERROR_STATE, "noise mode", trainer.fit, self.make_noisy("once"))

    def test_early_stopping(self):
        data = self.make_noisy()
        model, trainer = self.make(validation=data)
        self.assertIsNone(trainer.best)
        self.assertFails(dae.Status.ERROR_STATE, "best", trainer.restore_best)
        trainer.stop_early(2, min_delta=1e9)  # nothing is ever better than the first epoch
        parameters = []
        self.assertTrue(trainer.fit(data, 10, on_epoch=lambda p: parameters.append(flat(model.parameters))))
        self.assertEqual(trainer.epochs, 3)
        self.assertEqual(trainer.best, (1, trainer.history["validation_loss"][0]))
        self.assertEqual(flat(model.parameters), parameters[0])
        model.parameters = [0.0] * model.parameter_count
        trainer.restore_best()
        self.assertEqual(flat(model.parameters), parameters[0])
        self.assertTrue(trainer.fit(data))
        self.assertEqual(trainer.epochs, 3)
        trainer.stop_early(0)
        self.assertIsNone(trainer.best)
        self.assertTrue(trainer.fit(data))
        self.assertEqual(trainer.epochs, 4)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "min_delta", trainer.stop_early, 2, -1.0)
        trainer.stop_early(2)
        trainer.fit(data)
        _, other = self.make(validation=data)
        other.stop_early(2)
        other.load_checkpoint(trainer.checkpoint_to_bytes())
        self.assertEqual(other.best, trainer.best)

    def test_batches_that_are_not_finite(self):
        rows = make_data().tolist()
        rows[13][2] = math.nan
        data, seen = dae.Dataset.from_array(rows), []
        model, trainer = self.make(shuffle=False)
        self.assertFails(dae.Status.ERROR_NOT_FINITE, "13", trainer.fit, data)
        self.assertEqual((trainer.steps, trainer.skipped), (1, 0))
        model, trainer = self.make(shuffle=False, skip_not_finite=True)
        self.assertTrue(trainer.fit(data, 2, on_step=lambda p: seen.append(p.skipped)))
        self.assertEqual((trainer.steps, trainer.skipped), (4, 2))
        self.assertEqual(seen, [0, 1, 1, 1, 2, 2])
        self.assertTrue(all(map(math.isfinite, flat(model.parameters))))

    def test_optimizers(self):
        sgd = dae.Optimizer(dae.optimizer.sgd(0.5, momentum=0.9, nesterov=True))
        self.assertEqual(sgd.learning_rate, 0.5)
        sgd.learning_rate = 0.25
        self.assertEqual(sgd.learning_rate, 0.25)
        self.assertEqual((sgd.schedule, sgd.rate_at(7)), ("constant", 0.25))
        adam = dae.Optimizer(dae.optimizer.adam(0.1, beta1=0.8, epsilon=1e-5) | "clip_norm(1) | exponential(epochs=1, rate=0.5)")
        self.assertEqual(adam.schedule, "clip_norm(norm=1) | exponential(rate=0.5, staircase=0, epochs=1)")
        self.assertEqual([adam.rate_at(step, 2) for step in range(0, 6, 2)], [0.1, 0.05, 0.025])
        self.assertFails(dae.Status.ERROR_ARGUMENT, "steps_per_epoch is 0", adam.rate_at, 1)
        self.assertFails(dae.Status.ERROR_FORMAT, "expected constant", dae.Optimizer, "adam(0.1) | linear(10)")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "learning", dae.optimizer.sgd, 0.0)
        self.assertFails(dae.Status.ERROR_FORMAT, "no parameter 'rho'", dae.optimizer.adam, 0.1, rho=0.5)

    def test_every_rule_has_a_constructor(self):
        for kind in dae.kinds("optimizer"):
            model = make_model()
            before = flat(model.parameters)
            dae.Trainer(model, getattr(dae.optimizer, kind)(0.01)).fit(dae.Dataset.from_array(make_data()), 1)
            self.assertNotEqual(flat(model.parameters), before, kind)
            self.assertIn("learning_rate", getattr(dae.optimizer, kind).__doc__)

    def test_optimizers_as_text(self):
        text = "sgd(learning_rate=0.5, momentum=0.25, nesterov=1) | exponential(steps=4, rate=0.5, staircase=0)"
        sgd = dae.Optimizer("sgd(0.5, momentum=0.25, nesterov=yes) | exponential(4, 0.5)")
        self.assertEqual(str(sgd), text)
        self.assertEqual((sgd["momentum"], sgd["nesterov"], sgd.rate_at(4)), (0.25, 1.0, 0.25))
        sgd["momentum"] = 0.5
        self.assertEqual(str(sgd), text.replace("0.25", "0.5"))
        self.assertFails(dae.Status.ERROR_ARGUMENT, "parameter is 'beta1'", sgd.__getitem__, "beta1")
        self.assertFails(dae.Status.ERROR_FORMAT, "position 13", dae.Optimizer, "adam(0.1) | ramp(3)")

    def test_shape_error_names_both(self):
        _, trainer = self.make()
        self.assertFails(dae.Status.ERROR_SHAPE, "5", trainer.fit, dae.Dataset.from_array(make_data(4, 5)))

    def test_frozen_layers_and_averages(self):
        data = dae.Dataset.from_array(make_data())
        model = dae.Model("input(6) | dense(4) as code | dense(6)").initialize(1)
        trainer = dae.Trainer(model, dae.Optimizer("adam(0.01) | average(decay=0.5)"), validation=data)
        first = flat(model.tensors["code.weight"])
        self.assertFails(dae.Status.ERROR_STATE, "no step", trainer.copy_average)
        trainer.freeze("code")
        trainer.fit(data, 2)
        self.assertEqual(flat(model.tensors["code.weight"]), first)
        average = trainer.copy_average()
        self.assertNotEqual(flat(average.tensors["1.weight"]), flat(model.tensors["1.weight"]))
        self.assertAlmostEqual(average.measure(data, "mse")[0], trainer.history["validation_loss"][-1], delta=1e-9)
        trainer.freeze("code", False)
        trainer.fit(data)
        self.assertNotEqual(flat(model.tensors["code.weight"]), first)

    def test_findings_of_training(self):
        _, trainer = self.make()
        self.assertEqual(trainer.findings, [])
        trainer = dae.Trainer(make_model(), "sgd(1e-30)")
        trainer.fit(dae.Dataset.from_array(make_data()), 4)
        (code, text), = trainer.findings
        self.assertEqual(code, dae.Finding.NO_PROGRESS)
        self.assertIn("from epoch 1 on", text)
        other = dae.Trainer(make_model(), "sgd(1e-30)")
        other.load_checkpoint(trainer.checkpoint_to_bytes())
        self.assertEqual(other.findings, trainer.findings)

    def test_report(self):
        data = dae.Dataset.from_array(make_data(40))
        model = make_model(activations=("tanh", "relu"))
        model.parameters = [0.0] * model.parameter_count
        report = model.evaluate(data)
        values = flat(make_data(40))
        self.assertAlmostEqual(report["mse"], sum(v * v for v in values) / len(values), delta=1e-6)
        self.assertEqual((report["dead_outputs"], report["samples"]), (1.0, 40))
        self.assertEqual(list(report.figures), dae.kinds("figure"))
        self.assertAlmostEqual(report["psnr(peak=10)"], report["psnr"] + 20)
        with self.assertRaisesRegex(dae.Error, "expected mse, mae"):
            report["nothing"]
        self.assertEqual(report["dead_hidden_units"], 1.0)
        self.assertEqual(model.measure(data, "psnr", "psnr(peak=10)"), [report["psnr"], report["psnr(peak=10)"]])
        self.assertIn(dae.Finding.DEAD_OUTPUTS, [code for code, _ in report.findings])
        self.assertIn(dae.Finding.DEAD_HIDDEN_UNITS, [code for code, _ in report.findings])
        for _, text in report.findings:
            self.assertIn(text, str(report))


if NUMPY is not None:
    TrainerTestWithNumpy = with_numpy(TrainerTest)


if __name__ == "__main__":
    unittest.main()
