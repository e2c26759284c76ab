#!/usr/bin/env python3
"""Every function of the library, called wrongly from Python; and that neither objects nor failed calls leave anything behind.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_errors.py
"""

import array
import ctypes
import gc
import os
import pickle
import subprocess
import sys
import unittest

from binding import Standard, dae, dae_c, library, make_data

# What can do with NULL and 0: the system's memory, as many threads as there are processors, a text that goes nowhere, no values.
ABSENT_IS_FINE = {"dae_set_allocator", "dae_set_num_threads", "dae_runtime_describe", "dae_clip"}


def absent(kind):
    """NULL or 0."""
    if kind in (dae_c.STATUS, dae_c.I32, dae_c.U32, dae_c.U64, dae_c.SIZE, dae_c.DOUBLE):
        return 0
    return kind(0) if issubclass(kind, ctypes._CFuncPtr) else None


class EveryFunctionTest(Standard):
    def functions(self):
        return [(name, kinds[1:]) for name, kinds in dae_c.SIGNATURES.items() if kinds[0] is dae_c.STATUS]

    def test_nothing_given(self):
        for name, kinds in self.functions():
            with self.subTest(name):
                if name in ABSENT_IS_FINE:
                    self.assertEqual(library.call(name, *map(absent, kinds)), 0)
                    continue
                with self.assertRaises(dae.ArgumentError) as caught:
                    library.call(name, *map(absent, kinds))
                self.assertEqual(caught.exception.status, dae.Status.ERROR_ARGUMENT)
                self.assertRegex(str(caught.exception), "NULL|expected")

    def test_each_argument_of_another_type(self):
        for name, kinds in self.functions():
            for number in range(len(kinds)):
                arguments = [absent(kind) for kind in kinds]
                arguments[number] = object()
                if kinds[number] is dae_c.USER:
                    arguments[number] = 1.5
                with self.subTest(name, number=number):
                    with self.assertRaisesRegex(TypeError, r"^argument %d of %s\(\) is of type \w+, expected" % (number + 1, name)):
                        library.call(name, *arguments)

    def test_each_number_out_of_range(self):
        for name, kinds in self.functions():
            for number, kind in enumerate(kinds):
                if absent(kind) == 0 and kind is not dae_c.DOUBLE:
                    arguments = [absent(kind) for kind in kinds]
                    arguments[number] = 2**64
                    with self.subTest(name, number=number):
                        with self.assertRaisesRegex(ValueError, r"^argument %d of %s\(\) is %d, expected" % (
                                number + 1, name, 2**64)):
                            library.call(name, *arguments)

    def test_a_text_that_ends_early(self):
        """C would take it to end at the NUL."""
        for name, kinds in self.functions():
            for number, kind in enumerate(kinds):
                if kind is dae_c.TEXT:
                    arguments = [absent(kind) for kind in kinds]
                    arguments[number] = "gaussian(0.1)\0"
                    with self.subTest(name), self.assertRaisesRegex(ValueError, "NUL"):
                        library.call(name, *arguments)


class ErrorTest(Standard):
    def test_one_class_for_each_status(self):
        found = {kind.status: kind for kind in dae.Error.__subclasses__()}
        self.assertEqual(sorted(found), sorted(status for status in dae.Status if status != dae.Status.OK))
        for kind in found.values():
            self.assertIs(getattr(dae, kind.__name__), kind)
            self.assertIn(kind.__name__, dae.__all__)
            again = pickle.loads(pickle.dumps(kind("a sentence", 3)))
            self.assertEqual((type(again), again.message, again.position), (kind, "a sentence", 3))
        for kind, builtin in ((dae.ShapeError, ValueError), (dae.MemoryError, MemoryError), (dae.FormatError, ValueError)):
            self.assertTrue(issubclass(kind, builtin))

    def test_the_place_of_a_mistake(self):
        with self.assertRaises(dae.FormatError) as caught:
            dae.Noise("gaussian(stdev=1)")
        self.assertEqual(caught.exception.position, 10)
        with self.assertRaises(dae.IOError) as caught:
            dae.Model.load("/nowhere/model")
        self.assertIsNone(caught.exception.position)
        self.assertIn("/nowhere/model", str(caught.exception))


def use_and_fail(count):
    """At least `count` objects and calls that fail, of every kind."""
    raw = array.array("f", list(make_data(20, 6).tolist()[0]) * 20)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nowhere", "file")
    base = dae.Dataset.borrow(raw, 6)
    trained = dae.Model("input(6) | dense(4, activation=tanh) as code | dense(6)", seed=1)
    failing = [
        lambda: dae.Noise("loud"), lambda: dae.Model("input(6) | dens(3)"), lambda: dae.Layer("dense(0)"),
        lambda: dae.Optimizer("adam(-1)"), lambda: dae.Model.load(path), lambda: dae.Model.from_bytes(b"nothing"),
        lambda: dae.Dataset.open(path), lambda: dae.Dataset.parse(b"nothing"), lambda: dae.Dataset.borrow(raw, (1,) * 9),
        lambda: dae.Session(trained, 0), lambda: dae.Trainer(trained, "adam(1)", "loss"), lambda: base.slice(0, 10**6),
        lambda: base.view("windows(99)"), lambda: dae.Session(trained).run([[1.0] * 5]), lambda: base.pair(base.slice(0, 1)),
        lambda: dae.Dataset.from_function(4, 6, lambda first, count: 1 // 0).read(), lambda: trained.slice("nothing")]
    made = 0
    while made < count:
        noise, layer, rng = dae.Noise("gaussian(0.1)"), dae.Layer("dense(3)"), dae.Rng(made)
        model, optimizer = trained.copy(), dae.Optimizer("adam(0.01)")
        trainer = dae.Trainer(model, optimizer, batch_size=20, validation=base)
        trainer.fit(base.corrupt(noise, made), 1, on_epoch=lambda progress: None)
        with dae.Session(model) as session, dae.Stream(dae.Model("input(1, 9) | conv1d(1, 3)", seed=1)) as stream:
            session.run(raw)
            stream.push(raw)
        objects = [noise, layer, rng, model, optimizer, trainer, session, stream, model.evaluate(base), model.slice(last="code"),
                   dae.Model.from_bytes(model.to_bytes()), base.split(7), base.view("shuffle"),
                   dae.Dataset.from_function(4, 6, lambda first, count: [[0.0] * 6] * count)]
        for call in failing:
            try:
                call()
            except (dae.Error, ValueError, ZeroDivisionError):
                made += 1
            else:
                raise AssertionError("a call has not failed")
        made += len(objects) + 4


def count_what_stays():
    """In a process of its own, whose memory has to be this from the beginning on."""
    libc, live = ctypes.CDLL(None), set()
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

    def allocate(size, _):
        place = libc.malloc(size)
        live.add(place)
        return place

    def release(place, _):
        live.discard(place)
        libc.free(place)

    functions = dae_c.ALLOCATE_FN(allocate), dae_c.RELEASE_FN(release)
    library.call("dae_set_allocator", *functions, None)
    dae.set_num_threads(1)
    rng = dae.Rng(1)
    assert live, "what is alive is not counted"
    rng.free()
    counts = []
    for count in (200, 10000):
        use_and_fail(count)
        gc.collect()
        counts.append((len(live), len(gc.get_objects()) // 100))
    print(*counts[0])
    print(*counts[1])
    del functions
    os._exit(0)


class LeakTest(unittest.TestCase):
    def test_ten_thousand_objects_and_failed_calls_leave_nothing(self):
        code = "import sys; sys.path[:] = %r; sys.argv = ['x']; import test_errors; test_errors.count_what_stays()" % sys.path
        done = subprocess.run([sys.executable, "-u", "-c", code], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        (first, objects), (second, more) = (tuple(map(int, line.split())) for line in done.stdout.splitlines())
        self.assertEqual((first, second), (0, 0))
        self.assertLessEqual(more - objects, 1)


if __name__ == "__main__":
    unittest.main()
