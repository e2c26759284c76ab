#!/usr/bin/env python3
"""The Python binding against the library, but for trainers and copies; test_table.py compares it with the headers.

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
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref

from binding import (NUMPY, ROOT, Standard, dae, dae_c, flat,
                     make_data, make_floats, make_model, reference, with_numpy)

# ---- Classes -----------------------------------------------------------------------------------------


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
            self.assertEqual(dir(getattr(dae, category)), sorted(dae.kinds(category)))
            for kind in dae.kinds(category):
                self.assertEqual(getattr(getattr(dae, category), kind).__doc__, dae.facts(category, kind)["what"])
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
        trainer = dae.Trainer(model, dae.Optimizer.sgd(0.1))
        size_max = ctypes.c_size_t(-1).value
        for value in (-1, 2**64 + 1):
            for call in (lambda: trainer.fit(data, value), lambda: trainer.stop_early(value), lambda: dae.Rng(value),
                         lambda: dae.Trainer(model, dae.Optimizer.sgd(0.1), seed=value), lambda: dae.Layer.dense(value),
                         lambda: dae.Model(value), lambda: dae.Model((2, value)), lambda: data.slice(0, value),
                         lambda: dae.set_num_threads(value), lambda: setattr(dae.Rng(1), "position", value)):
                with self.assertRaisesRegex(ValueError, " is %d, .* from 0 to (%d|%d)$" % (value, size_max, 2**64 - 1)):
                    call()
        if NUMPY is not None:
            with self.assertRaisesRegex(ValueError, "argument 1 of dae_set_num_threads.. is -1, .* from 0 to"):
                dae.set_num_threads(NUMPY.int64(-1))
        with self.assertRaisesRegex(ValueError, "is 4294967296, .* from -2147483648 to 2147483647"):
            dae.Trainer(model, dae.Optimizer.sgd(0.1), precision=2**32)
        self.assertEqual((trainer.steps, trainer.epochs), (0, 0))
        self.assertEqual(flat(dae.Rng(2**64 - 1).bits(4)), reference.bits(2**64 - 1, 0, 0, 4))

    def test_arrays_of_another_width_are_refused(self):
        """Their number of values would do: 10 x 2 are no 5 samples of 4."""
        narrow = make_floats([0.0] * 20, 10, 2)
        model = make_model((4, 3, 4))
        trainer = dae.Trainer(model, dae.Optimizer.sgd(0.1))
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
        kept = len(dae._kept)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "", dae.Dataset.borrow, array.array("f", [0.0] * 2),
                         (1,) * 9)
        self.assertEqual(len(dae._kept), kept)

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
        self.assertIsInstance(caught.exception.__cause__, dae.DaeError)
        self.assertEqual(caught.exception.__cause__.status, dae.Status.ERROR_CALLBACK)
        model = make_model()
        trainer = dae.Trainer(model, dae.Optimizer.sgd(0.1))
        for call in (lambda: trainer.fit(data.corrupt("clip(0, 1)", 1)), lambda: model.evaluate(data), lambda: data.view("cache")):
            with self.assertRaises(KeyError):
                call()
        self.assertEqual(dae_c.raised_by, {})

    def test_function_with_the_wrong_size(self):
        with self.assertRaisesRegex(ValueError, "gave 3 values"):
            dae.Dataset.from_function(4, 2, lambda first, count: [1.0, 2.0, 3.0]).read(0, 1)

    def test_idx(self):
        content = struct.pack(">HBBIII", 0, 8, 3, 2, 2, 2) + bytes((0, 51, 102, 153, 204, 255, 0, 255))
        data = dae.Dataset.parse(content)
        self.assertEqual((len(data), data.shape), (2, (2, 2)))
        for ours, byte in zip(flat(data.read()[0]), content[-8:]):
            self.assertAlmostEqual(ours, byte / 255, delta=1e-7)
        self.assertEqual(flat(dae.Dataset.parse(content, "idx(scaled=no)").read()[0]), list(content[-8:]))
        self.assertFails(dae.Status.ERROR_FORMAT, "not an NPY file", dae.Dataset.parse, content, "npy")
        self.assertFails(dae.Status.ERROR_FORMAT, "expected idx or npy", dae.Dataset.parse, b"\x89PNG\r\n")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "digits")
            with open(path, "wb") as file:
                file.write(content)
            self.assertEqual(flat(dae.Dataset.open(path).read()[0]), flat(data.read()[0]))
            self.assertFails(dae.Status.ERROR_IO, "absent", dae.Dataset.open,
                             os.path.join(folder, "absent"))
        self.assertFails(dae.Status.ERROR_FORMAT, "", dae.Dataset.parse, content[:-1])

    def test_fresh_and_once(self):
        data = dae.Dataset.from_array(make_data())
        fresh, once = data.corrupt("gaussian(1)", 3), data.corrupt("gaussian(1)", 3, "once")
        self.assertNotEqual(flat(fresh.read(epoch=1)[0]), flat(fresh.read(epoch=2)[0]))
        self.assertEqual(flat(once.read(epoch=1)[0]), flat(once.read(epoch=2)[0]))
        with self.assertRaisesRegex(ValueError, "fresh, once"):
            data.corrupt("clip(0, 1)", 3, "sometimes")


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
        model = dae.Model.parse("input(1, 64) | conv1d(4, 9, activation=relu) | conv1d(2, 9)").initialize(1)
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
        dense = dae.Model.parse("input(16) | dense(16)").initialize(1)
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
        model = dae.Model.parse("input(6) | dense(4, activation=tanh) as code | dropout(0.1) | dense(6)").initialize(1)
        data = make_data()
        codes = model.slice("input", "code").run(data)
        self.assertEqual(flat(model.slice("code").run(codes)), flat(model.run(data)))
        self.assertEqual(model.slice("code", "1").layer_count, 1)
        self.assertFails(dae.Status.ERROR_ARGUMENT, "'1' to 'code'", model.slice, "1", "code")

    def test_texts(self):
        text = ("input(6) | dense(units=4, activation=leaky_relu(0.1), initializer=he_normal) as code"
                " | dropout(rate=0.5) | dense(units=6, activation=linear, initializer=glorot_uniform) | add(input)")
        model = dae.Model.parse(text)
        self.assertEqual(model.format(), text)
        grown = dae.Model(6).extend("dense(4, activation=leaky_relu(0.1), initializer=he_normal) as code")
        grown.add(dae.Layer.parse("dropout(0.5)")).extend("dense(6) | add(input)")
        self.assertEqual(grown.format(), text)
        self.assertFails(dae.Status.ERROR_FORMAT, "layers, position 1:", grown.extend, "dens(3)")
        self.assertFails(dae.Status.ERROR_FORMAT, "layers, position 9:", dae.Model.parse, "input(6)")
        self.assertEqual(grown.format(), text)
        self.assertEqual(dae.Layer.dense(3, "leaky_relu(0.2)").free(), None)

    def test_scaling_of_a_model(self):
        data = dae.Dataset.from_array([[10.0, 30.0], [20.0, 40.0]])
        model = dae.Model.parse("input(2) | dense(2)").initialize(1)
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
        model = dae.Model.parse("input(6) | dense(6)").initialize(1)
        model.set_note("sensor", "ADXL355, gain 8, \u00b1 2 g")
        model.set_note("a", "")
        self.assertEqual(model.notes, {"a": "", "sensor": "ADXL355, gain 8, \u00b1 2 g"})
        self.assertEqual(dae.Model.from_bytes(model.to_bytes()).notes, model.notes)
        model.set_note("a", None)
        self.assertEqual(list(model.copy().notes), ["sensor"])

    def test_parameters_are_copied_by_label(self):
        model = dae.Model.parse("input(6) | dense(4) as code | dense(6)").initialize(1)
        wider = dae.Model.parse("input(6) | dense(4) as code | dense(9) | dense(6)").initialize(2)
        own = flat(wider.tensors["2.weight"])
        self.assertEqual(wider.copy_parameters(model), 2)
        self.assertEqual(flat(wider.tensors["code.weight"]), flat(model.tensors["code.weight"]))
        self.assertEqual(flat(wider.tensors["2.weight"]), own)
        other = dae.Model.parse("input(6) | dense(5) as code").initialize(1)
        self.assertFails(dae.Status.ERROR_SHAPE, "code.weight", other.copy_parameters, model)

    def test_map(self):
        model = dae.Model.parse("input(6) | dense(4, activation=tanh) as code | dense(6)").initialize(1)
        data, encoder = dae.Dataset.from_array(make_data()), model.slice(None, "code")
        codes = encoder.map(data)
        self.assertEqual((len(codes), codes.shape, codes.target_shape), (len(data), (4,), (4,)))
        inputs, targets = codes.read(0, 3)
        self.assertEqual(flat(inputs), flat(dae.Session(encoder, 1).run(data.read(0, 3)[0])))
        self.assertEqual(flat(targets), flat(inputs))
        self.assertEqual(encoder.map(data.corrupt("gaussian(0.1)", 2)).target_shape, data.target_shape)

    def test_samples_of_different_sizes(self):
        model = dae.Model.parse("input(1, any, any) | conv2d(1, 3)").initialize(1)
        parts = [dae.Dataset.from_array(make_data(1, h * w), (1, h, w)) for h, w in ((6, 9), (8, 4), (5, 5))]
        whole = dae.Dataset.join(parts)
        self.assertEqual(whole.shape, (1, 0, 0))
        alone = [model.measure(part, "mse")[0] for part in parts]
        self.assertEqual(model.measure(whole, "mse"), [(alone[0] + alone[1] + alone[2]) / 3])
        report = model.evaluate(whole)
        self.assertEqual((report["mse"], report["samples"]), (model.measure(whole, "mse")[0], 3))
        self.assertTrue(math.isnan(report["mean_image_mse"]))
        trainer = dae.Trainer(model, dae.Optimizer.adam(1e-3), "mse", validation=whole)
        trainer.fit(whole.view("crops(4, 4, count=2)", 1), 1)
        self.assertEqual(trainer.history["validation_psnr"][-1], model.measure(whole, "psnr")[0])
        mapped = model.map(whole)
        alone = [flat(model.map(part).read()[0]) for part in parts]
        self.assertEqual([flat(mapped.read(k, 1)[0]) for k in range(3)], alone)
        sample = memoryview(parts[0].read()[0]).cast("B").cast("f", (1, 1, 6, 9))
        self.assertEqual(flat(model.run(sample)), alone[0])
        closed = dae.Model.parse("input(1, 6, 9) | conv2d(1, 3)").initialize(1)
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
        shaped = dae.Model((1, 2, 3)).add(dae.Layer.dense(4, "relu")).add(dae.Layer.parse("dropout(0.5)"))
        self.assertEqual((shaped.input_shape, shaped.output_shape), ((1, 2, 3), (4,)))
        self.assertIn("28", str(shaped))
        self.assertIsNone(shaped.noise)
        self.assertFails(dae.Status.ERROR_FORMAT, "relu", dae.Layer.dense, 4, "relu(0.1)")
        self.assertFails(dae.Status.ERROR_ARGUMENT, "slope", dae.Layer.dense, 4, "leaky_relu(2)")
        self.assertFails(dae.Status.ERROR_FORMAT, "activation", dae.Layer.dense, 4, "99")
        self.assertFails(dae.Status.ERROR_STATE, "", lambda: shaped.parameters)
        zeros = dae.Model.parse("input(2) | dense(2, initializer=zeros)").initialize(1)
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
                (lambda: dae.Optimizer.sgd("1"), "learning_rate is of type str, expected float"),
                (lambda: dae.Layer.dense(4, 99), "3 of dae_layer_create_dense() is of type int, expected bytes"),
                (lambda: dae.Model((2, "3")), "a dimension is of type str, expected int"),
                (lambda: dae_c.call("dae_model_load", None, "f"), "dae_model_load() is of type str, expected bytes"),
                (lambda: dae_c.call("dae_clip", [1.0], 1, 0, 1), "is of type list, expected ctypes array of c_float"),
                (lambda: dae_c.call("dae_model_load", None), "arguments of dae_model_load() is 1, expected 2")):
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
    optimizer = dae.Optimizer.adam(0.01)
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
        kept = len(dae._kept)
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
        self.assertEqual(len(dae._kept), kept)

    def test_cycles(self):
        model = make_model()
        trainer = dae.Trainer(model, dae.Optimizer.sgd(0.1))
        trainer.myself = trainer
        trainer.on_gradient(lambda gradient: trainer.steps < 0)
        alive = weakref.ref(trainer)
        trainer.fit(dae.Dataset.from_array(make_data()))
        del trainer
        gc.collect()
        self.assertIsNone(alive())

    def test_leaving_with_everything_alive(self):
        code = ("import sys; sys.path[:0] = %r; sys.argv = ['x']; import test_dae;"
                "everything = test_dae.build_everything(); print('end')" % (sys.path[:2] + [os.path.dirname(
                    os.path.abspath(__file__))]))
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

    def test_a_session_in_use_is_refused(self):
        model, x = make_model((300, 200, 300)), make_data(2000, 300)
        session, refused, wrong = dae.Session(model, 1), threading.Event(), []
        expected = bytes(session.run(x))

        def run():
            while not refused.is_set():
                try:
                    if bytes(session.run(x)) != expected:
                        wrong.append("other outputs")
                except dae.DaeError as error:
                    if error.status != dae.Status.ERROR_STATE or "in use" not in error.message:
                        wrong.append(str(error))
                    refused.set()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(bytes(session.run(x)), expected)


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
        code = "import sys; sys.path.insert(0, %r); import dae; dae.load(sys.argv[1])" % sys.path[0]
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
    for standard in (RngTest, NoiseTest, DatasetTest, ModelTest, LifetimeTest):
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
