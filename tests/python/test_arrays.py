#!/usr/bin/env python3
"""Arrays of all kinds, into the library and out of it: what is used where it lies, what is converted, what is refused.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_arrays.py

Needs numpy for most of it, and pandas for one test.
"""

import array
import math
import unittest

from binding import NUMPY as np, Standard, arrays, dae, flat, make_floats, make_model

try:
    import pandas
except ImportError:
    pandas = None

SUM = "input(2, 3) | dense(1)"



def seen(data):
    """What a dataset of `data` has in it."""
    return flat(dae.Dataset.from_array(data).read()[0])


class WithoutNumpyTest(Standard):
    def test_what_is_taken(self):
        rows = [[1, 2, 3], [4, 5, 6]]
        numbers = [float(value) for row in rows for value in row]
        for form in "fdbBhHiIlLqQ":
            data = memoryview(array.array(form, range(1, 7))).cast("B").cast(form, (2, 3))
            self.assertEqual(seen(data), numbers, form)
        self.assertEqual(seen(rows), numbers)
        self.assertEqual(seen(tuple(map(tuple, rows))), numbers)
        self.assertEqual(seen(iter(rows)), numbers)
        self.assertEqual(seen(memoryview(bytes(make_floats(numbers))).cast("f", (2, 3))), numbers)  # read-only
        for wrong in ([["1"]], [[None]], [[1j]]):
            with self.assertRaises((TypeError, ValueError)):
                seen(wrong)

    def test_results_have_a_shape(self):
        result = dae.Model("input(4) | dense(6) | reshape(2, 3)", seed=1).run([[0.0] * 4] * 5)
        self.assertEqual((type(result), result.format, result.shape), (memoryview, "f", (5, 2, 3)))
        self.assertEqual(make_model().run([])[:].shape[0], 0)


@unittest.skipIf(np is None, "needs numpy")
class NumpyTest(Standard):
    numpy = np

    def test_what_is_taken(self):
        numbers = np.arange(24).reshape(4, 2, 3)
        exact = numbers.ravel().tolist()
        for kind in (np.float16, np.float32, np.float64, np.longdouble, np.int8, np.uint8, np.int64, np.uint64):
            for make in (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, 0)[::2],
                         lambda a: a[::-1].copy()[::-1], lambda a: a.astype(a.dtype.newbyteorder())):
                self.assertEqual(seen(make(numbers.astype(kind))), exact)
        self.assertEqual(seen(numbers > 5), [0.0] * 6 + [1.0] * 18)
        fixed = numbers.astype(np.float32)
        fixed.setflags(write=False)
        self.assertEqual(seen(fixed), exact)

        class Own:
            def __array__(self, dtype=None, copy=None):
                return numbers.astype(dtype or np.float64)

        self.assertEqual(seen(Own()), exact)
        self.assertEqual(seen(array.array("d", [1, 2])), [1, 2])

    def test_float32_is_not_copied(self):
        data = np.zeros((4, 3), np.float32)
        values, _ = arrays.floats(data)
        data[2, 1] = 7
        self.assertEqual(values[7], 7)
        dataset = dae.Dataset.borrow(data)
        data[0, 0] = 5
        self.assertEqual(dataset.read()[0][0, 0], 5)
        outputs = np.empty((4, 2), np.float32)
        session = dae.Session(make_model((3, 2), ("linear",)))
        self.assertIs(session.run(data, outputs), outputs)
        self.assertEqual(outputs.tolist(), session.run(data).tolist())
        for wrong in (np.empty((3, 2), np.float32), np.empty((4, 3), np.float32)):
            with self.assertRaises(ValueError):
                session.run(data, wrong)
        with self.assertRaises(TypeError):
            session.run(data, np.empty((4, 2)))

    def test_what_is_masked_is_missing(self):
        data = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 1], [0, 0]])
        values = seen(data)
        self.assertTrue(math.isnan(values[1]))
        self.assertEqual(values[:1] + values[2:], [1, 3, 4])
        self.assertEqual(flat(dae.Dataset.from_array(data).view("fill(9)").read()[0]), [1, 9, 3, 4])
        self.assertEqual(flat(dae.Dataset.from_array(np.ma.array([[1, 2]], mask=[[1, 0]])).view("fill(9)").read()[0]), [9, 2])

    def test_what_is_no_number_is_refused(self):
        for wrong in (np.zeros((2, 2), complex), np.array([["a", "b"]]), np.array([[None, 1.0]]),
                      np.array(["2020-01-01"], "datetime64[D]"), np.zeros(2, [("a", "f4")])):
            for call in (lambda: seen(wrong), lambda: make_model().run(wrong), lambda: make_model().apply(wrong)):
                with self.assertRaisesRegex(TypeError, "an array of type .*, expected numbers"):
                    call()

    def test_numbers_of_numpy_are_numbers(self):
        size, real = np.int64(2), np.float32(0.5)
        self.assertEqual(len(dae.Dataset.from_array(np.zeros((4, size)), size).slice(size, size)), 2)
        self.assertEqual(dae.Model((size, np.uint8(3))).input_shape, (2, 3))
        self.assertEqual(dae.Model(size).input_shape, (2,))
        optimizer = dae.Optimizer(dae.optimizer.sgd(real))
        optimizer["momentum"] = np.float32(0.25)
        self.assertEqual((optimizer.learning_rate, optimizer["momentum"]), (0.5, 0.25))
        self.assertEqual(dae.layer.dense(size, bias=np.bool_(False)), "dense(2, bias=no)")
        self.assertEqual(dae.noise.gaussian(np.array(0.5)), "gaussian(0.5)")
        self.assertEqual(dae.layer.conv2d(8, np.array([3, 5])), "conv2d(8, [3, 5])")
        self.assertEqual(dae.noise.gaussian(real, mean=np.float64(1e-5)), "gaussian(0.5, mean=1e-05)")
        self.assertEqual(dae.Rng(np.uint64(2**64 - 1)).uniform(size).shape, (2,))

    @unittest.skipIf(pandas is None, "needs pandas")
    def test_frames(self):
        frame = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2.5]})
        values = seen(frame)
        self.assertEqual(values[:3] + values[4:], [1, 0.5, 2, 3, 2.5])
        self.assertTrue(math.isnan(values[3]))
        self.assertEqual(seen(frame["a"]), [1, 2, 3])
        with self.assertRaisesRegex(TypeError, "expected numbers"):
            seen(pandas.DataFrame({"a": ["x"]}))


class AxesTest(Standard):
    """Axes of which one would be taken for another are refused by everything that takes arrays, with the same sentence."""

    def test_refused_everywhere_alike(self):
        model = dae.Model(SUM, seed=1)
        session, trainer = dae.Session(model), dae.Trainer(model, "sgd(0.1)")
        one = make_floats([0.0] * 4, 4, 1)
        for shape in ((4, 3, 2), (4, 2), (4, 7), (6, 4), (2, 4, 3), (4, 2, 1, 3, 2)):
            wrong = make_floats([0.0] * math.prod(shape), *shape)
            for call in (lambda: model.run(wrong), lambda: session.run(wrong), lambda: trainer.step(wrong, one),
                         lambda: dae.Dataset.from_array(wrong, (2, 3)), lambda: dae.Dataset.borrow(wrong, (2, 3))):
                with self.assertRaisesRegex(ValueError, "shape|no whole number of samples") as caught:
                    call()
                self.assertIn(str((2, 3)), str(caught.exception))

    def test_taken(self):
        """In rows, back to back, and with dimensions of length 1."""
        model, values = dae.Model(SUM, seed=1), [float(i) for i in range(24)]
        expected = flat(model.run(make_floats(values, 4, 2, 3)))
        for shape in ((4, 6), (24,), (4, 1, 2, 3), (4, 2, 3, 1)):
            self.assertEqual(flat(model.run(make_floats(values, *shape))), expected, shape)


if np is not None:
    class AxesTestWithNumpy(AxesTest):
        numpy = np


if __name__ == "__main__":
    unittest.main()
