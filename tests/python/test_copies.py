#!/usr/bin/env python3
"""Copies and pickles of the Python binding's objects: real ones, or a TypeError that names the way.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_copies.py
"""

import copy
import gc
import os
import pickle
import subprocess
import sys
import unittest

from binding import Standard, dae, flat, make_data, make_floats, make_model, reference
from test_dae import build_everything, use


def copied(item):
    """Copies by every way of Python that copies."""
    return [copy.copy(item), copy.deepcopy(item), copy.deepcopy([item, item])[1]] + [
        pickle.loads(pickle.dumps(item, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]


class CopyTest(Standard):
    def test_models(self):
        model = make_model()
        trainer = dae.Trainer(model, "adam(1e-2)")
        trainer.fit(dae.Dataset.from_array(make_data()).corrupt("masking(0.25)", seed=1))
        for original in (model, model.slice("0", "1")):
            expected = original.to_bytes()
            for copy_ in copied(original):
                self.assertIs(type(copy_), dae.Model)
                self.assertEqual(copy_.to_bytes(), expected)
                copy_.parameters = [0.0] * copy_.parameter_count
                self.assertEqual(original.to_bytes(), expected)
                copy_.free()
        self.assertFails(dae.Status.ERROR_STATE, "initialize", copy.copy, dae.Model(3))

    def test_recipes(self):
        noise = dae.Noise("gaussian(mean=0.1, stddev=0.2) | clip(0.25, 0.75)")
        optimizer = dae.Optimizer("nadam(0.1) | average(decay=0.5)")
        for original in (noise, optimizer):
            for copy_ in copied(original):
                self.assertEqual((type(copy_), str(copy_)), (type(original), str(original)))
        optimizer.learning_rate = 0.25
        self.assertEqual([copy_.learning_rate for copy_ in copied(optimizer)], [0.25] * len(copied(optimizer)))

    def test_noise_keeps_its_recordings(self):
        street = dae.Dataset.from_array([[1.0] * 9])
        noise = dae.Noise(dae.noise.mix(street, snr=0))
        for copy_ in (copy.copy(noise), copy.deepcopy(noise)):
            self.assertEqual(flat(copy_.apply(make_floats([2.0] * 4, 1, 4), 1)), [4.0] * 4)
        with self.assertRaisesRegex(TypeError, "a Dataset can be neither"):
            pickle.dumps(noise)

    def test_positions_in_streams(self):
        rng = dae.Rng(3, 5)
        rng.bits(6)
        expected = reference.bits(3, 5, 8, 7)
        for copy_ in copied(rng):
            self.assertEqual(rng.position, 8)
            self.assertEqual(flat(copy_.bits(7)), expected)

    def test_datasets_are_copied_and_not_pickled(self):
        noisy = dae.Dataset.from_array(make_data()).corrupt("gaussian(0.3)", seed=3)
        expected = [flat(part) for part in noisy.read(epoch=4)]
        copies = [copy.copy(noisy), copy.deepcopy(noisy), copy.deepcopy({"data": noisy})["data"]]
        del noisy
        gc.collect()
        for copy_ in copies:
            self.assertEqual([flat(part) for part in copy_.read(epoch=4)], expected)
        with self.assertRaisesRegex(TypeError, "a Dataset can be neither.*recipes"):
            pickle.dumps(copies[0])

    def test_what_cannot_be_copied_names_the_way(self):
        model, data = make_model(), dae.Dataset.from_array(make_data())
        ways = ((dae.Layer.dense(3), "from its text"), (dae.Session(model), r"Session\(model\)"),
                (dae.Trainer(model, "adam(1e-3)"), "checkpoint_to_bytes"),
                (model.evaluate(data), "figures"))
        for item, way in ways:
            for make in (copy.copy, copy.deepcopy, pickle.dumps, lambda item: copy.copy([copy.deepcopy([item])])):
                with self.assertRaisesRegex(TypeError, "a %s can be neither .*%s" % (type(item).__name__, way)):
                    make(item)
            item.free()
            with self.assertRaises(TypeError):
                copy.copy(item)
        with self.assertRaisesRegex(TypeError, "free"):
            model.free()
            copy.copy(model)

    def test_copies_of_everything_are_freed_once(self):
        """In a process of its own: what is freed twice takes it down."""
        code = ("import sys; sys.path[:] = %r; sys.argv = ['x']; import test_copies; test_copies.copy_everything();"
                "print('end')" % sys.path)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "end\n", ""))

    def test_classes_of_the_users_own(self):
        class Mine(dae.Model):
            pass

        mine = Mine(4).add(dae.Layer.dense(4)).initialize(1)
        self.assertIs(type(copy.copy(mine)), Mine)
        self.assertEqual(flat(copy.copy(mine).parameters), flat(mine.parameters))


def copy_everything():
    """Copies of all objects that there are, freed in two orders."""
    for turn in (1, -1):
        items = build_everything()
        copies = []
        for item in items:
            for make in (copy.copy, copy.deepcopy):
                try:
                    copies.append(make(item))
                except TypeError:
                    pass
        assert len(copies) >= 8
        everything = (items + copies)[::turn]
        del items, copies
        while everything:
            use(everything[-1])
            everything.pop()
    gc.collect()


if __name__ == "__main__":
    unittest.main()
