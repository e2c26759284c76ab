"""What the tests of the Python binding share."""

import array
import importlib.util
import os
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
sys.path.append(os.path.join(ROOT, "tests", "oracle"))
if importlib.util.find_spec("dae") is None:
    sys.path.append(os.path.join(ROOT, "examples", "python"))

import dae  # noqa: E402
from dae import _arrays as arrays, _c as dae_c, _library as library, data as dae_data  # noqa: E402,F401
import philox_reference as reference  # noqa: E402

NUMPY = arrays.numpy()

# ---- Helpers -----------------------------------------------------------------------------------------


def make_floats(values, *shape):
    """A buffer of float32 with a shape, from the standard library."""
    view = memoryview(array.array("f", values)).cast("B")
    return view.cast("f", list(shape) or [len(view) // 4])


def flat(values):
    values = values.tolist() if hasattr(values, "tolist") else values
    while values and isinstance(values[0], list):
        values = sum(values, [])
    return values


def make_model(sizes=(6, 4, 6), activations=("tanh", "linear"), seed=1):
    model = dae.Model(sizes[0])
    for units, activation in zip(sizes[1:], activations):
        model.add(dae.Layer.dense(units, activation))
    return model.initialize(seed)


def make_data(count=20, size=6, seed=5):
    return dae.Rng(seed).uniform((count, size))


class Standard(unittest.TestCase):
    """Runs without numpy."""
    numpy = None

    def setUp(self):
        arrays.np = self.numpy
        self.addCleanup(setattr, arrays, "np", NUMPY)

    def assertFails(self, status, word, function, *arguments, **options):
        with self.assertRaises(dae.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(caught.exception.status, status)
        name = "".join(part.capitalize() for part in dae.Status(status).name.split("_")[1:]) + "Error"
        self.assertEqual(type(caught.exception).__name__.lower(), name.lower())
        self.assertIn(word, caught.exception.message)


def with_numpy(test):
    return type(test.__name__ + "WithNumpy", (test,), {"numpy": NUMPY})
