#!/usr/bin/env python3
"""Models, objects and the library itself from Python; test_data.py has noise and datasets, test_trainer.py trainers,
test_copies.py copies; test_table.py compares it with the headers.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_dae.py

Needs the standard library only. Every class runs without numpy first, and with it if it is there.
"""

import array
import ctypes
import ctypes.util
import gc
import itertools
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref

from binding import (NUMPY, ROOT, Standard, dae, dae_data, flat, library,
                     make_data, make_model, with_numpy)

# ---- Classes -----------------------------------------------------------------------------------------


class ModelTest(Standard):
    def test_parameters_and_tensors(self):
        model = make_model()
        self.assertEqual((model.input_shape, model.output_shape), ((6,), (6,)))
        self.assertEqual((model.layer_count, model.parameter_count), (2, 6 * 4 + 4 + 4 * 6 + 6))
        tensors = model.tensors
        self.assertEqual(list(tensors), ["0.weight", "0.bias", "1.weight", "1.bias"])
        self.assertEqual(tuple(tensors["0.weight"].shape), (4, 6))
        self.assertEqual(sum((flat(t) for t in tensors.values()), []), flat(model.parameters))
        model.set_tensor("1.bias", [1, 2, 3, 4, 5, 6])
        self.assertEqual(flat(model.parameters)[-6:], [1, 2, 3, 4, 5, 6])
        model.parameters = [0.25] * model.parameter_count
        self.assertEqual(set(flat(model.parameters)), {0.25})
        self.assertFails(dae.Status.ERROR_SHAPE, "", setattr, model, "parameters", [0.0])
        self.assertFails(dae.Status.ERROR_NOT_FINITE, "", model.set_tensor, "1.bias", [math.nan] * 6)

    def test_run(self):
        model = make_model((3, 2), ("leaky_relu",))
        model.parameters = [1, 0, 0, 0, 1, -1, 0.5, -2]  # W [2, 3], then c [2]
        result = model.run([[1, 2, 3], [-4, 5, 1]])
        self.assertEqual(tuple(result.shape), (2, 2))
        for ours, exact in zip(flat(result), (1.5, 0.3 * -3, 0.3 * -3.5, 2)):
            self.assertAlmostEqual(ours, exact, delta=1e-6)
        session = dae.Session(model, max_batch=1)
        self.assertEqual(flat(session.run([[1, 2, 3], [-4, 5, 1]])), flat(result))
        with self.assertRaises(ValueError):
            session.run([1, 2])

    def test_apply_and_stream(self):
        model = dae.Model("input(1, 64) | conv1d(4, 9, activation=relu) | conv1d(2, 9)").initialize(1)
        signal = [[math.sin(i) for i in range(700)]]
        clean, parts = model.apply(signal), []
        self.assertEqual(tuple(clean.shape), (2, 700))
        self.assertEqual(flat(model.apply(signal, "tiles(memory=3000000)", lambda *part: parts.append(part))), flat(clean))
        self.assertEqual(parts, [(i + 1, len(parts)) for i in range(len(parts))])
        self.assertFails(dae.Status.ERROR_CANCELLED, "asked to stop", model.apply, signal, "whole", lambda *_: True)
        with self.assertRaises(ZeroDivisionError):
            model.apply(signal, progress=lambda *_: 1 // 0)
        stream = dae.Stream(model)
        pieces = [stream.push([signal[0][i:i + 33]]) for i in range(0, 700, 33)] + [stream.flush()]
        for channel in range(2):
            whole = [value for piece in pieces for value in piece.tolist()[channel]]
            self.assertEqual(whole[:stream.latency], [0.0] * stream.latency)
            self.assertEqual(whole[stream.latency:], clean.tolist()[channel])
        with self.assertRaises(ValueError):
            stream.push([signal[0], signal[0]])
        dense = dae.Model("input(16) | dense(16)").initialize(1)
        self.assertEqual(tuple(dense.apply(signal[0]).shape), (700,))
        self.assertEqual(tuple(dense.apply(signal, "overlap(hop=2)").shape), (1, 700))
        self.assertEqual(tuple(dae.Stream(dense, "overlap(hop=2)").push(signal[0]).shape), (700,))

    def test_slices_share_and_copies_do_not(self):
        model = make_model()
        encoder, copy = model.slice(last="0"), model.copy()
        model.set_tensor("0.bias", [7.0] * 4)
        self.assertEqual(flat(encoder.tensors["0.bias"]), [7.0] * 4)
        self.assertNotEqual(flat(copy.tensors["0.bias"]), [7.0] * 4)

    def test_slices_go_by_name(self):
        model = dae.Model("input(6) | dense(4, activation=tanh) as code | dropout(0.1) | dense(6)").initialize(1)
        data = make_data()
        codes = model.slice("input", "code").run(data)
        self.assertEqual(flat(model.slice("code").run(codes)), flat(model.run(data)))
        self.assertEqual(model.slice("code", "1").layer_count, 1)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "'1' to 'code'", model.slice, "1", "code")

    def test_texts(self):
        text = ("input(6) | dense(units=4, activation=leaky_relu(0.1), initializer=he_normal) as code"
                " | dropout(rate=0.5) | dense(units=6, activation=linear, initializer=glorot_uniform) | add(input)")
        model = dae.Model(text)
        self.assertEqual(model.format(), text)
        grown = dae.Model(6).extend("dense(4, activation=leaky_relu(0.1), initializer=he_normal) as code")
        grown.add(dae.Layer("dropout(0.5)")).extend("dense(6) | add(input)")
        self.assertEqual(grown.format(), text)
        self.assertFails(dae.Status.ERROR_FORMAT, "layers, position 1:", grown.extend, "dens(3)")
        self.assertFails(dae.Status.ERROR_FORMAT, "layers, position 9:", dae.Model, "input(6)")
        self.assertEqual(grown.format(), text)
        self.assertEqual(dae.Layer.dense(3, "leaky_relu(0.2)").free(), None)

    def test_scaling_of_a_model(self):
        data = dae.Dataset.from_array([[10.0, 30.0], [20.0, 40.0]])
        model = dae.Model("input(2) | dense(2)").initialize(1)
        self.assertEqual(model.scaling, "none")
        self.assertEqual(model.set_scaling("range(0, 1)", data).scaling,
                         "affine(scale=0.03333333333333333, offset=-0.3333333333333333, peak=30)")
        model.set_tensor("0.weight", [[0.0, 0.0], [0.0, 0.0]])
        model.set_tensor("0.bias", [0.0, 1.0])
        for answer, expected in zip(flat(model.run([[5.0, 6.0]])), (10, 40)):
            self.assertAlmostEqual(answer, expected, 4)
        self.assertEqual(model.set_scaling("none").scaling, "none")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "data is NULL", model.set_scaling, "standard")

    def test_notes_of_a_model(self):
        model = dae.Model("input(6) | dense(6)").initialize(1)
        model.set_note("sensor", "ADXL355, gain 8, \u00b1 2 g")
        model.set_note("a", "")
        self.assertEqual(model.notes, {"a": "", "sensor": "ADXL355, gain 8, \u00b1 2 g"})
        self.assertEqual(dae.Model.from_bytes(model.to_bytes()).notes, model.notes)
        model.set_note("a", None)
        self.assertEqual(list(model.copy().notes), ["sensor"])

    def test_parameters_are_copied_by_label(self):
        model = dae.Model("input(6) | dense(4) as code | dense(6)").initialize(1)
        wider = dae.Model("input(6) | dense(4) as code | dense(9) | dense(6)").initialize(2)
        own = flat(wider.tensors["2.weight"])
        self.assertEqual(wider.copy_parameters(model), 2)
        self.assertEqual(flat(wider.tensors["code.weight"]), flat(model.tensors["code.weight"]))
        self.assertEqual(flat(wider.tensors["2.weight"]), own)
        other = dae.Model("input(6) | dense(5) as code").initialize(1)
        self.assertFails(dae.Status.ERROR_SHAPE, "code.weight", other.copy_parameters, model)

    def test_map(self):
        model = dae.Model("input(6) | dense(4, activation=tanh) as code | dense(6)").initialize(1)
        data, encoder = dae.Dataset.from_array(make_data()), model.slice(None, "code")
        codes = encoder.map(data)
        self.assertEqual((len(codes), codes.shape, codes.target_shape), (len(data), (4,), (4,)))
        inputs, targets = codes.read(0, 3)
        self.assertEqual(flat(inputs), flat(dae.Session(encoder, 1).run(data.read(0, 3)[0])))
        self.assertEqual(flat(targets), flat(inputs))
        self.assertEqual(encoder.map(data.corrupt("gaussian(0.1)", 2)).target_shape, data.target_shape)

    def test_samples_of_different_sizes(self):
        model = dae.Model("input(1, any, any) | conv2d(1, 3)").initialize(1)
        parts = [dae.Dataset.from_array(make_data(1, h * w), (1, h, w)) for h, w in ((6, 9), (8, 4), (5, 5))]
        whole = dae.Dataset.join(parts)
        self.assertEqual(whole.shape, (1, 0, 0))
        alone = [model.measure(part, "mse")[0] for part in parts]
        self.assertEqual(model.measure(whole, "mse"), [(alone[0] + alone[1] + alone[2]) / 3])
        report = model.evaluate(whole)
        self.assertEqual((report["mse"], report["samples"]), (model.measure(whole, "mse")[0], 3))
        self.assertTrue(math.isnan(report["mean_image_mse"]))
        trainer = dae.Trainer(model, "adam(1e-3)", "mse", validation=whole)
        trainer.fit(whole.view("crops(4, 4, count=2)", 1), 1)
        self.assertEqual(trainer.history["validation_psnr"][-1], model.measure(whole, "psnr")[0])
        mapped = model.map(whole)
        alone = [flat(model.map(part).read()[0]) for part in parts]
        self.assertEqual([flat(mapped.read(k, 1)[0]) for k in range(3)], alone)
        sample = memoryview(parts[0].read()[0]).cast("B").cast("f", (1, 1, 6, 9))
        self.assertEqual(flat(model.run(sample)), alone[0])
        closed = dae.Model("input(1, 6, 9) | conv2d(1, 3)").initialize(1)
        self.assertFails(dae.Status.ERROR_SHAPE, "crops, patches", closed.evaluate, whole)

    def test_files(self):
        model = make_model()
        self.assertEqual(flat(dae.Model.from_bytes(model.to_bytes()).parameters), flat(model.parameters))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.safetensors")
            model.save(path)
            self.assertEqual(flat(dae.Model.load(path).parameters), flat(model.parameters))
        self.assertFails(dae.Status.ERROR_FORMAT, "", dae.Model.from_bytes, b"not a model")

    def test_options(self):
        shaped = dae.Model((1, 2, 3)).add(dae.Layer.dense(4, "relu")).add(dae.Layer("dropout(0.5)"))
        self.assertEqual((shaped.input_shape, shaped.output_shape), ((1, 2, 3), (4,)))
        self.assertIn("28", str(shaped))
        self.assertIsNone(shaped.noise)
        self.assertFails(dae.Status.ERROR_FORMAT, "relu", dae.Layer.dense, 4, "relu(0.1)")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "slope", dae.Layer.dense, 4, "leaky_relu(2)")
        self.assertFails(dae.Status.ERROR_FORMAT, "activation", dae.Layer.dense, 4, "99")
        self.assertFails(dae.Status.ERROR_STATE, "", lambda: shaped.parameters)
        zeros = dae.Model("input(2) | dense(2, initializer=zeros)").initialize(1)
        self.assertEqual(flat(zeros.parameters), [0.0] * 6)

    def test_wrong_types_are_refused_before_the_library_sees_them(self):
        """The message names the function, the argument and both types."""
        model, data, layer = make_model(), dae.Dataset.from_array(make_data()), dae.Layer.dense(6)
        layer.free()
        layer.free()
        for call, message in (
                (lambda: model.add(dae.Rng(1)), "argument 2 of dae_model_add() is of type Rng, expected Layer"),
                (lambda: model.add(layer), "2 of dae_model_add() is of type Layer after free(), expected Layer"),
                (lambda: model.evaluate([1]), "3 of dae_model_evaluate() is of type list, expected Dataset"),
                (lambda: data.corrupt(3, 1), "3 of dae_dataset_corrupt() is of type int, expected Noise"),
                (lambda: data.slice(0, 1.5), "4 of dae_dataset_slice() is of type float, expected int"),
                (lambda: dae.Rng("1"), "2 of dae_rng_create() is of type str, expected int"),
                (lambda: dae.Optimizer("sgd(1)").rate_at("1"), "2 of dae_optimizer_get_rate_at() is of type str, expected int"),
                (lambda: dae.Layer.dense(4, 99), "3 of dae_layer_create_dense() is of type int, expected str"),
                (lambda: dae.Model((2, "3")), "a dimension is of type str, expected int"),
                (lambda: library.call("dae_model_load", None, 7), "dae_model_load() is of type int, expected str"),
                (lambda: library.call("dae_clip", [1.0], 1, 0, 1), "is of type list, expected ctypes array of c_float"),
                (lambda: library.call("dae_model_load", None), "arguments of dae_model_load() is 1, expected 2")):
            with self.assertRaisesRegex(TypeError, re.escape(message) + "$"):
                call()


# ---- Lifetime ----------------------------------------------------------------------------------------


def build_everything():
    """One of each, entangled: every object needs some of the others."""
    raw = array.array("f", flat(make_data()))
    base = dae.Dataset.borrow(raw, 6)
    noise = dae.Noise("gaussian(0.1)")
    noisy = base.corrupt(noise, 1)
    first, rest = noisy.split(15)
    hidden, output = dae.Layer.dense(4, "tanh"), dae.Layer.dense(6)
    model = dae.Model(6).add(hidden).add(output).initialize(1)
    encoder, session, stream = model.slice(last="0"), dae.Session(model), dae.Stream(model)
    optimizer = dae.Optimizer("adam(0.01)")
    trainer = dae.Trainer(model, optimizer, validation=rest)
    trainer.fit(first)
    report = model.evaluate(rest)
    return [dae.Rng(1), base, noise, noisy, first, rest, hidden, output, model, encoder, session, stream, optimizer,
            trainer, report, dae.Dataset.from_function(4, 6, lambda first, count: [[0.0] * 6] * count)]


def use(item):
    """Something that touches what an object keeps alive."""
    if isinstance(item, dae.Dataset):
        item.read()
    elif isinstance(item, dae.Session):
        item.run([0.0] * 6)
    elif isinstance(item, dae.Stream):
        item.push([0.0] * 9)
    elif isinstance(item, dae.Model):
        item.run([0.0] * 6)
    elif isinstance(item, dae.Trainer):
        item.fit(dae.Dataset.from_array(make_data()))
    elif isinstance(item, dae.Report):
        str(item)


class LifetimeTest(Standard):
    def test_any_order(self):
        kept = len(dae_data._kept)
        order = random.Random(1)
        count = len(build_everything())
        for number in itertools.chain(range(2), range(30)):
            items = build_everything()
            indices = list(range(count))
            if number == 1:
                indices.reverse()
            elif number > 1:
                order.shuffle(indices)
            for index in indices:
                items[index] = None
                for item in items:
                    use(item)
        gc.collect()
        self.assertEqual(len(dae_data._kept), kept)

    def test_cycles(self):
        model = make_model()
        trainer = dae.Trainer(model, "sgd(0.1)")
        trainer.myself = trainer
        trainer.on_gradient(lambda gradient: trainer.steps < 0)
        alive = weakref.ref(trainer)
        trainer.fit(dae.Dataset.from_array(make_data()))
        del trainer
        gc.collect()
        self.assertIsNone(alive())

    def test_leaving_with_everything_alive(self):
        code = ("import sys; sys.path[:] = %r; sys.argv = ['x']; import test_dae;"
                "everything = test_dae.build_everything(); print('end')" % sys.path)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "end\n", ""))

    def test_many_threads(self):
        model, x = make_model(), make_data(64)
        expected, wrong = flat(dae.Session(model, 8).run(x)), []

        def run():
            session = dae.Session(model, 8)
            for _ in range(20):
                if flat(session.run(x)) != expected:
                    wrong.append(threading.get_ident())

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_threads_that_share_an_object_wait(self):
        model, x = make_model((300, 200, 300)), make_data(2000, 300)
        session, expected, wrong = dae.Session(model, 1), [], []
        expected = bytes(session.run(x))

        def run():
            for _ in range(3):
                if bytes(session.run(x)) != expected:
                    wrong.append(threading.get_ident())

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

        last = threading.Thread(target=lambda: wrong.extend(() if bytes(session.run(x)) == expected else (1,)))
        last.start()
        while not session._lock.locked():
            pass
        session.free()  # waits, too
        last.join()
        with self.assertRaisesRegex(TypeError, "Session after free"):
            session.run(x)
        self.assertEqual(wrong, [])


class LibraryTest(Standard):
    def test_runtime(self):
        before = dae.get_num_threads()
        dae.set_num_threads(2)
        self.assertEqual(dae.get_num_threads(), 2)
        dae.set_num_threads(0)
        self.assertEqual(dae.get_num_threads(), before)
        self.assertIn(dae.version(), dae.describe())
        self.assertFails(dae.Status.ERROR_ARGUMENT, "1024", dae.set_num_threads, 1025)

    def test_loading(self):
        self.assertIs(dae.load(), dae.load())
        with self.assertRaises(RuntimeError):
            dae.load("another.so")
        code = "import sys; sys.path[:] = %r; import dae; dae.load(sys.argv[1])" % sys.path
        done = subprocess.run([sys.executable, "-c", code, ctypes.util.find_library("c")],
                              capture_output=True, text=True)
        self.assertIn("ImportError", done.stderr)
        self.assertIn("is not libdae", done.stderr)

    def test_example(self):
        example = os.path.join(ROOT, "examples", "python", "denoise.py")
        environment = dict(os.environ, LIBDAE=dae.load()._name)
        done = subprocess.run([sys.executable, example, "--epochs", "2"], env=environment,
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("epoch  2/2", done.stdout)
        done = subprocess.run([sys.executable, example, "--epochs", "4", "--learning-rate", "1e-30", "--noise", "clip(0, 1)"],
                              env=environment, capture_output=True, text=True)
        self.assertRegex(done.stdout, "(?m)^The training loss has been .* The learning rate is 1e-30")
        for status, word, *arguments in ((1, "nowhere", "--data", os.sep + "nowhere"), (2, "--bogus", "--bogus"),
                                         (2, "--epochs", "--epochs", "-1"), (2, "--batch-size", "--batch-size", "-1"),
                                         (2, "--seed", "--seed", "-1"), (2, "--seed", "--seed", str(2**64)),
                                         (2, "--hidden", "--hidden", "0"), (1, "noise recipe", "--noise", "loud")):
            with self.subTest(arguments=arguments):
                done = subprocess.run([sys.executable, example, *arguments], env=environment, capture_output=True,
                                      text=True)
                self.assertEqual((done.returncode, done.stdout), (status, ""))
                self.assertRegex(done.stderr, "^denoise.py: .*%s.*\n$" % re.escape(word))

    def test_example_that_cannot_read_or_write(self):
        example = os.path.join(ROOT, "examples", "python", "denoise.py")
        for name, word, *arguments in ((os.devnull, "Not a directory", "--data", __file__),
                                       ("/dev/full", "No space left", "--epochs", "1")):
            if not os.path.exists(name):
                continue
            with self.subTest(word), open(name, "w") as stdout:
                done = subprocess.run([sys.executable, example, *arguments], stdout=stdout, stderr=subprocess.PIPE,
                                      env=dict(os.environ, LIBDAE=dae.load()._name), text=True)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^denoise.py: .*%s.*\n$" % word)

    def test_help_of_the_example(self):
        """It needs no library, and says where one is looked for."""
        done = subprocess.run([sys.executable, os.path.join(ROOT, "examples", "python", "denoise.py"), "--help"],
                              env=dict(os.environ, LIBDAE="absent"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("LIBDAE", done.stdout)


if NUMPY is not None:
    for standard in (ModelTest, LifetimeTest):
        globals()[standard.__name__ + "WithNumpy"] = with_numpy(standard)


if __name__ == "__main__":
    unittest.main()
