#!/usr/bin/env python3
"""Random numbers, noise and datasets from Python.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_data.py

Needs the standard library only. Every class runs without numpy first, and with it if it is there.
"""

import array
import ctypes
import gc
import os
import pathlib
import random
import re
import struct
import tempfile
import unittest
import weakref

from binding import (NUMPY, ROOT, Standard, dae, dae_data, flat, library,
                     make_data, make_floats, make_model, reference, with_numpy)


class RngTest(Standard):
    def test_numbers_are_those_of_the_header(self):
        for seed, stream in ((1, 0), (0x0123456789ABCDEF, 42), (2**64 - 1, 2**64 - 1)):
            self.assertEqual(flat(dae.Rng(seed, stream).bits(18)), reference.bits(seed, stream, 0, 18))
            self.assertEqual(flat(dae.Rng(seed, stream).uniform(18)), reference.uniform(seed, stream, 0, 18))
            for ours, exact in zip(flat(dae.Rng(seed, stream).normal((2, 9))),
                                   reference.normal(seed, stream, 0, 18)):
                self.assertLessEqual(abs(ours - exact), 4e-6)

    def test_golden_numbers_of_the_header(self):
        text = pathlib.Path(ROOT, "include", "dae", "rng.h").read_text(encoding="utf-8")
        for kind, read in (("bits", lambda word: int(word, 16)), ("uniform", float), ("normal", float)):
            golden = [read(word) for word in re.search(r" \* +%s +((\S+ ){3}\S+)\n" % kind, text)[1].split()]
            values = flat(getattr(dae.Rng(1), kind)(4))
            self.assertEqual(values, golden if kind == "bits" else make_floats(golden).tolist())

    def test_position(self):
        rng = dae.Rng(3)
        self.assertEqual(rng.position, 0)
        rng.bits(5)
        self.assertEqual(rng.position, 8)
        rng.position = 2**40
        self.assertEqual(flat(rng.bits(3)), reference.bits(3, 0, 2**40, 3))

    def test_shape_and_range(self):
        values = dae.Rng(3).uniform((3, 4), -2.0, -1.0)
        self.assertEqual(tuple(values.shape), (3, 4))
        self.assertTrue(all(-2 <= v <= -1 for v in flat(values)))
        self.assertEqual(len(dae.Rng(3).uniform(0)), 0)

    def test_errors(self):
        self.assertFails(dae.Status.ERROR_ARGUMENT, "stddev", dae.Rng(3).normal, 4, 0.0, -1.0)


class NoiseTest(Standard):
    def test_recipes_and_array_calls_make_the_same_bytes(self):
        """Step 0 of sample 0 in epoch 0 draws from a stream that an Rng can open."""
        size = 1003
        steps = ((dae.noise.gaussian(0.7, mean=0.1), lambda x, r: dae.add_gaussian_noise(x, 0.1, 0.7, r)),
                 (dae.noise.uniform(-0.3, 0.9), lambda x, r: dae.add_uniform_noise(x, -0.3, 0.9, r)),
                 (dae.noise.masking(0.4), lambda x, r: dae.add_masking_noise(x, 0.4, r)),
                 (dae.noise.salt_pepper(0.6, 0.05, 0.95), lambda x, r: dae.add_salt_pepper_noise(x, 0.6, 0.05, 0.95, r)),
                 (dae.noise.poisson(40), lambda x, r: dae.add_poisson_noise(x, 40, r)),
                 (dae.noise.speckle(0.3), lambda x, r: dae.add_speckle_noise(x, 0.3, r)),
                 (dae.noise.clip(0.2, 0.7), lambda x, r: dae.clip(x, 0.2, 0.7)))
        for number, (text, change) in enumerate(steps):
            with self.subTest(number):
                clean = dae.Rng(1).uniform((1, size))
                before = bytes(clean)
                direct, applied = make_floats(flat(clean)), make_floats(flat(clean), 1, size)
                change(direct, dae.Rng(9, reference.NOISE_STREAM))
                dae.Noise(text).apply(applied, seed=9)
                noisy, target = dae.Dataset.from_array(clean).corrupt(text, 9, "once").read()
                self.assertEqual(bytes(direct), bytes(applied))
                self.assertEqual(bytes(direct), bytes(noisy))
                self.assertEqual(bytes(target), before)
                self.assertNotEqual(bytes(direct), before)

    def test_array_calls_are_those_of_the_header(self):
        calls = {"gaussian": dae.add_gaussian_noise, "uniform": dae.add_uniform_noise,
                 "masking": dae.add_masking_noise, "salt_pepper": dae.add_salt_pepper_noise}
        for kind, parameters in reference.NOISE_CASES:
            x = make_floats(reference.NOISE_INPUT)
            rng = dae.Rng(reference.NOISE_SEED, reference.NOISE_RNG_STREAM)
            result = calls[kind](x, *parameters, rng) if kind in calls else dae.clip(x, *parameters)
            self.assertIs(result, x)
            exact = reference.apply_step(kind, parameters, reference.NOISE_INPUT, reference.NOISE_SEED,
                                         reference.NOISE_RNG_STREAM, 0)
            for ours, theirs in zip(x.tolist(), exact):
                self.assertLessEqual(abs(ours - theirs), 5e-6 if kind == "gaussian" else 3e-7, kind)

    def test_kinds(self):
        self.assertEqual(dae.kinds()[:2], ["layer", "activation"])
        for category in dae.kinds():
            self.assertIn("what", dae.facts(category))
            for kind in dae.kinds(category):
                example = dae.facts(category, kind)["example"]
                steps = dae.recipe_steps(category, example)
                self.assertEqual([step["kind"] for step in steps], [kind])
                self.assertEqual(list(steps[0]), ["kind", "label"] + dae.kinds(category, kind))
        self.assertEqual(dae.facts("noise", "gaussian", "stddev"),
                         {"what": "in the data's unit", "type": "number", "of": "draw", "other": "snr",
                          "since": "0.1.0", "low": 0.0, "open_low": 0.0, "open_high": 0.0, "by_place": 1.0, "many": 0.0})
        steps = dae.recipe_steps("optimizer", "adam(0.1) | cosine(9)")
        self.assertEqual(steps[1], {"kind": "cosine", "label": "", "steps": "9", "alpha": "0", "warmup": "0", "epochs": ""})
        self.assertFails(dae.Status.ERROR_ARGUMENT, "category is 'sound'", dae.kinds, "sound")
        self.assertFails(dae.Status.ERROR_FORMAT, "position 10", dae.recipe_steps, "noise", "gaussian(")

    def test_constructors_of_kinds(self):
        self.assertEqual(dae.noise.gaussian(0.5, mean=0.1), "gaussian(0.5, mean=0.1)")
        level = dae.noise.gaussian(dae.draw.uniform(0, 0.3) + " as level")
        self.assertEqual(str(dae.Noise(dae.noise.sometimes(0.5, level))),
                         "sometimes(probability=0.5, recipe=gaussian(mean=0, stddev=uniform(low=0, high=0.3) as level))")
        self.assertEqual(dae.layer.dense(3, activation=dae.activation.leaky_relu(1), bias=False),
                         "dense(3, activation=leaky_relu(1), bias=no)")
        self.assertEqual(dae.layer.input(1, 28, 28), "input(1, 28, 28)")
        self.assertEqual(dae.layer.flatten(), "flatten")
        self.assertEqual(dae.optimizer.adam(1e-7), "adam(1e-07)")
        self.assertEqual(dae.source.idx(scaled=False), "idx(scaled=no)")
        self.assertFails(dae.Status.ERROR_FORMAT, "position 16", dae.noise.clip, 0.5, 0.7, 0.9)
        self.assertFails(dae.Status.ERROR_FORMAT, "", dae.noise.masking, float("nan"))
        self.assertFails(dae.Status.ERROR_FORMAT, "colour", dae.noise.clip, 0, 1, colour=3)
        for category in dae.kinds():
            self.assertEqual(dir(getattr(dae, category)), sorted("from_" if kind == "from" else kind for kind in dae.kinds(category)))
            for kind in dae.kinds(category):
                self.assertIn(dae.facts(category, kind)["what"][1:], getattr(getattr(dae, category), kind).__doc__)
        for wrong in (lambda: dae.sound, lambda: dae.noise.sound):
            self.assertRaises(AttributeError, wrong)

    def test_recipe_is_that_of_the_header(self):
        x = make_floats(sum(reference.APPLY_INPUT, []), reference.APPLY_ROWS, reference.APPLY_SIZE)
        noise = dae.Noise(reference.recipe_text(reference.APPLY_RECIPE))
        noise.apply(x, reference.APPLY_SEED, epoch=reference.APPLY_EPOCH, first=reference.APPLY_FIRST)
        exact = reference.apply_recipe(reference.APPLY_RECIPE, reference.APPLY_INPUT, reference.APPLY_SEED,
                                       reference.APPLY_EPOCH, reference.APPLY_FIRST)
        for ours, theirs in zip(flat(x), sum(exact, [])):
            self.assertLessEqual(abs(ours - theirs), 5e-6)

    def test_text(self):
        self.assertEqual(str(dae.Noise("gaussian(stddev=0.1) | clip(0, 1)")),
                         "gaussian(mean=0, stddev=0.1) | clip(low=0, high=1)")
        self.assertEqual(str(dae.Noise()), "")

    def test_recordings(self):
        noise, x = dae.Noise("mix(street, snr=0)"), make_floats([1.0, -1.0, 1.0, -1.0], 1, 4)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "recordings called 'street'", noise.apply, x, 1)
        street = dae.Dataset.from_array(make_floats([3.0, 3.0], 1, 2))
        self.assertIs(noise.bind("street", street), noise)
        for ours, theirs in zip(flat(noise.apply(x, 1)), (2, 0, 2, 0)):
            self.assertAlmostEqual(ours, theirs, 6)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "bound already", noise.bind, "street", street)

    def test_errors(self):
        self.assertFails(dae.Status.ERROR_FORMAT, "", dae.Noise, "gaussian(")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "rate", dae.noise.masking, 1.5)
        for wrong in (b"\0\0\0\0", array.array("d", [1.0])):
            with self.assertRaises(TypeError):
                dae.clip(wrong)


class DatasetTest(Standard):
    def test_sources_and_views(self):
        data = make_data(20, 6)
        full = dae.Dataset.from_array(data, (2, 3))
        self.assertEqual((len(full), full.shape, full.target_shape), (20, (2, 3), (2, 3)))
        inputs, targets = full.read(3, 2)
        self.assertEqual(tuple(inputs.shape), (2, 2, 3))
        self.assertEqual(flat(inputs), flat(data)[18:30])
        self.assertEqual(flat(targets), flat(inputs))
        part = full.slice(5, 4)
        self.assertEqual((len(part), flat(part.read()[0])), (4, flat(data)[30:54]))
        first, rest = full.split(15)
        self.assertEqual((len(first), len(rest)), (15, 5))
        clipped = full.clip(0.25, 0.75).view("cache")
        self.assertEqual(min(flat(clipped.read()[0])), 0.25)
        self.assertEqual(flat(clipped.read()[1]), flat(data))
        patches = full.view(dae.view.patches(2, 2, stride=1) + " | shuffle", seed=3)
        self.assertEqual((len(patches), patches.shape), (40, (1, 2, 2)))
        self.assertEqual(sorted(flat(patches.read()[0])), sorted(flat(full.view("patches(2, 2, stride=1)").read()[1])))
        pair = full.pair(dae.Dataset.from_array(make_data(20, 2)))
        self.assertEqual((pair.shape, pair.target_shape), ((2, 3), (2,)))

    def test_nested_lists(self):
        data = dae.Dataset.from_array([[1, 2.5], [3, 4], [5, 6]])
        self.assertEqual((len(data), data.shape), (3, (2,)))
        self.assertEqual(data.read()[0].tolist(), [[1, 2.5], [3, 4], [5, 6]])
        with self.assertRaises(ValueError):
            dae.Dataset.from_array([[1, 2], [3]])
        with self.assertRaises(ValueError):
            dae.Dataset.from_array([1, 2, 3], shape=2)

    def test_whole_numbers_out_of_range_are_refused(self):
        """ctypes would hand out their lower bits: -1 epochs were 2^64 - 1."""
        data, model = dae.Dataset.from_array(make_data()), make_model()
        trainer = dae.Trainer(model, "sgd(0.1)")
        size_max = ctypes.c_size_t(-1).value
        for value in (-1, 2**64 + 1):
            for call in (lambda: trainer.fit(data, value), lambda: trainer.stop_early(value), lambda: dae.Rng(value),
                         lambda: dae.Trainer(model, "sgd(0.1)", seed=value), lambda: dae.Layer.dense(value),
                         lambda: dae.Model(value), lambda: dae.Model((2, value)), lambda: data.slice(0, value),
                         lambda: dae.set_num_threads(value), lambda: setattr(dae.Rng(1), "position", value)):
                with self.assertRaisesRegex(ValueError, " is %d, .* from 0 to (%d|%d)$" % (value, size_max, 2**64 - 1)):
                    call()
        if NUMPY is not None:
            with self.assertRaisesRegex(ValueError, "argument 1 of dae_set_num_threads.. is -1, .* from 0 to"):
                dae.set_num_threads(NUMPY.int64(-1))
        with self.assertRaisesRegex(ValueError, "is 4294967296, .* from -2147483648 to 2147483647"):
            dae.Trainer(model, "sgd(0.1)", precision=2**32)
        self.assertEqual((trainer.steps, trainer.epochs), (0, 0))
        self.assertEqual(flat(dae.Rng(2**64 - 1).bits(4)), reference.bits(2**64 - 1, 0, 0, 4))

    def test_arrays_of_another_width_are_refused(self):
        """Their number of values would do: 10 x 2 are no 5 samples of 4."""
        narrow = make_floats([0.0] * 20, 10, 2)
        model = make_model((4, 3, 4))
        trainer = dae.Trainer(model, "sgd(0.1)")
        right = make_floats([0.0] * 40, 10, 4)
        for call in (lambda: dae.Dataset.from_array(narrow, 4), lambda: dae.Dataset.borrow(narrow, (2, 2)),
                     lambda: model.run(narrow), lambda: dae.Session(model).run([[0.0] * 2] * 10),
                     lambda: trainer.step(narrow, right), lambda: trainer.step(right, narrow)):
            with self.assertRaisesRegex(ValueError, r"shape \(10, 2\) .*shape \((4,|2, 2)\)"):
                call()
        self.assertEqual(trainer.steps, 0)
        # the same values as 2 x 2 x ..., and without a shape of their own
        self.assertEqual(tuple(model.run(make_floats([0.0] * 20, 5, 2, 2)).shape), (5, 4))
        self.assertEqual(tuple(model.run([0.0] * 20).shape), (5, 4))
        self.assertEqual(len(dae.Dataset.from_array([0.0] * 20, (2, 2))), 5)

    def test_npy_files(self):
        """Without numpy a file made by hand, and with it every type that numpy has and the library reads."""
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n"
        data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<6f", *range(6))
        self.assertEqual(flat(dae.Dataset.parse(data).read()[0]), list(range(6)))
        self.assertFails(dae.Status.ERROR_FORMAT, "offset", dae.Dataset.parse, data[:-1])
        if NUMPY is None:
            return
        kinds = "|b1 |u1 |i1".split() + [o + k + s for o in "<>" for k in "iu" for s in "248"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "array.npy")
            for number, kind in enumerate(kinds + [o + "f" + s for o in "<>" for s in "248"]):
                size = 24 * NUMPY.dtype(kind).itemsize
                bits = NUMPY.frombuffer(random.Random(number).randbytes(size), kind)
                values = (bits != 0 if kind == "|b1" else bits).reshape(4, 3, 2)
                NUMPY.save(path, values)
                dataset = dae.Dataset.open(path)
                self.assertEqual((len(dataset), dataset.shape), (4, (3, 2)))
                with NUMPY.errstate(all="ignore"):
                    expected = values.astype(NUMPY.float32)
                read = NUMPY.asarray(dataset.read()[0])
                self.assertTrue(NUMPY.array_equal(read, expected, equal_nan=True), kind)
                NUMPY.save(path, NUMPY.asfortranarray(values))
                read = NUMPY.asarray(dae.Dataset.open(path).read()[0])
                self.assertTrue(NUMPY.array_equal(read, expected, equal_nan=True), kind)

    def test_borrowed_buffer_lives_until_the_last_view_is_gone(self):
        class Buffer(array.array):
            pass

        buffer = Buffer("f", range(12))
        alive = weakref.ref(buffer)
        view = dae.Dataset.borrow(buffer, 3).slice(1, 2)
        with self.assertRaises(BufferError):
            buffer.append(1.0)
        del buffer
        gc.collect()
        self.assertIsNotNone(alive())
        self.assertEqual(flat(view.read()[0]), [3, 4, 5, 6, 7, 8])
        del view
        gc.collect()
        self.assertIsNone(alive())

    def test_borrow_refuses_what_it_cannot_borrow(self):
        for wrong in (b"\0\0\0\0", array.array("d", [1.0])):
            with self.assertRaises(TypeError):
                dae.Dataset.borrow(wrong)
        kept = len(dae_data._kept)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "", dae.Dataset.borrow, array.array("f", [0.0] * 2),
                         (1,) * 9)
        self.assertEqual(len(dae_data._kept), kept)

    def test_function(self):
        calls = []

        def read(first, count):
            calls.append((first, count))
            return [[float(first + k)] * 2 for k in range(count)]

        alive = weakref.ref(read)
        data = dae.Dataset.from_function(10, 2, read)
        del read
        self.assertEqual(flat(data.slice(4, 3).read()[0]), [4, 4, 5, 5, 6, 6])
        self.assertTrue(calls)
        noisy = data.corrupt("masking(1)", seed=1)
        del data
        gc.collect()
        self.assertEqual(flat(noisy.read(8)[0]), [0, 0, 0, 0])
        self.assertIsNotNone(alive())
        del noisy
        gc.collect()
        self.assertIsNone(alive())

    def test_function_that_raises(self):
        def read(first, count):
            raise KeyError("no sample %d" % first)

        data = dae.Dataset.from_function(8, 6, read)
        with self.assertRaisesRegex(KeyError, "no sample 2") as caught:
            data.read(2, 1)
        self.assertIsInstance(caught.exception.__cause__, dae.Error)
        self.assertEqual(caught.exception.__cause__.status, dae.Status.ERROR_CALLBACK)
        model = make_model()
        trainer = dae.Trainer(model, "sgd(0.1)")
        for call in (lambda: trainer.fit(data.corrupt("clip(0, 1)", 1)), lambda: model.evaluate(data), lambda: data.view("cache")):
            with self.assertRaises(KeyError):
                call()
        self.assertEqual(library.raised_by, {})

    def test_function_with_the_wrong_size(self):
        with self.assertRaisesRegex(ValueError, "gave 3 values"):
            dae.Dataset.from_function(4, 2, lambda first, count: [1.0, 2.0, 3.0]).read(0, 1)

    def test_saved_tables(self):
        table = dae.Dataset.parse(b"a,b\n1,2\n,4\n")
        self.assertEqual(table.fact("columns"), "a,b")
        self.assertEqual(table.fact("path"), "")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "table.csv")
            table.save(path)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "a,b\n1,2\nNaN,4\n")
            self.assertEqual(dae.Dataset.open(path).fact("path", 1), path)
            self.assertFails(dae.Status.ERROR_IO, "table.csv", table.save, path)
            table.save(path, "npz(array=x, overwrite=yes)")
            self.assertEqual(flat(dae.Dataset.open(path, "npz").read(0, 1)[0]), [1, 2])

    def test_idx(self):
        content = struct.pack(">HBBIII", 0, 8, 3, 2, 2, 2) + bytes((0, 51, 102, 153, 204, 255, 0, 255))
        data = dae.Dataset.parse(content)
        self.assertEqual((len(data), data.shape), (2, (2, 2)))
        for ours, byte in zip(flat(data.read()[0]), content[-8:]):
            self.assertAlmostEqual(ours, byte / 255, delta=1e-7)
        self.assertEqual(flat(dae.Dataset.parse(content, "idx(scaled=no)").read()[0]), list(content[-8:]))
        self.assertFails(dae.Status.ERROR_FORMAT, "found the start of idx, expected npy", dae.Dataset.parse, content, "npy")
        self.assertFails(dae.Status.ERROR_FORMAT, "expected idx, npy", dae.Dataset.parse, b"\x89PNG\r\n")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "digits")
            with open(path, "wb") as file:
                file.write(content)
            self.assertEqual(flat(dae.Dataset.open(path).read()[0]), flat(data.read()[0]))
            self.assertFails(dae.Status.ERROR_IO, "absent", dae.Dataset.open,
                             os.path.join(folder, "absent"))
        self.assertFails(dae.Status.ERROR_FORMAT, "", dae.Dataset.parse, content[:-1])

    def test_a_sample_is_named_by_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, width, height in (("a", 8, 8), ("b", 7, 6)):
                with open(os.path.join(folder, name + ".pgm"), "wb") as file:
                    file.write(b"P5 %d %d 255\n" % (width, height) + bytes(width * height))
            files = dae.Dataset.open(folder)
            halved = dae.Model("input(1, any, any) | max_pool(2) | upsample(2)", seed=1)
            named = "sample 1 (%s)" % os.path.join(folder, "b.pgm")
            for call, of, rest in ((halved.measure, (files, "mse"), ": max_pool takes sides of 2"),
                                   (files.view, ("crops(8, 8)",), " is 6 x 7, expected at least 8 x 8"),
                                   (files.view, ("augment(turns=yes)",), " has shape 1 x 6 x 7, expected squares")):
                self.assertFails(dae.Status.ERROR_SHAPE, named + rest, call, *of)

    def test_fresh_and_once(self):
        data = dae.Dataset.from_array(make_data())
        fresh, once = data.corrupt("gaussian(1)", 3), data.corrupt("gaussian(1)", 3, "once")
        self.assertNotEqual(flat(fresh.read(epoch=1)[0]), flat(fresh.read(epoch=2)[0]))
        self.assertEqual(flat(once.read(epoch=1)[0]), flat(once.read(epoch=2)[0]))
        with self.assertRaisesRegex(ValueError, "fresh, once"):
            data.corrupt("clip(0, 1)", 3, "sometimes")


if NUMPY is not None:
    for standard in (RngTest, NoiseTest, DatasetTest):
        globals()[standard.__name__ + "WithNumpy"] = with_numpy(standard)

    class NumpyTest(Standard):
        numpy = NUMPY

        def test_arrays_come_and_go(self):
            data = NUMPY.arange(24, dtype=NUMPY.float64).reshape(4, 2, 3)
            dataset = dae.Dataset.from_array(data)
            self.assertEqual(dataset.shape, (2, 3))
            self.assertEqual(dataset.read()[0].dtype, NUMPY.float32)
            self.assertTrue((dataset.read()[0] == data).all())
            turned = NUMPY.asfortranarray(data[:, 0, :].astype(NUMPY.float32))
            self.assertTrue((dae.Dataset.from_array(turned).read()[0] == data[:, 0, :]).all())
            fixed = data.astype(NUMPY.float32)
            fixed.setflags(write=False)
            self.assertTrue((dae.Dataset.from_array(fixed).read()[0] == data).all())
            with self.assertRaises(TypeError):
                dae.clip(fixed)
            x = NUMPY.full((2, 2), 3.0, dtype=NUMPY.float32)
            self.assertIs(dae.clip(x), x)
            self.assertTrue((x == 1).all())


if __name__ == "__main__":
    unittest.main()
