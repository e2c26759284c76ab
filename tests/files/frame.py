"""What the tests with files of other programs share.

A script makes files with other programs and reads them with libdae, and the other way round: values are compared to
the bit. It ends with 77, which meson counts as skipped, where one of those programs is not installed.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
sys.path.insert(0, os.path.join(ROOT, "examples", "python"))

SKIPPED = 77


def require(modules=(), programs=()):
    """Ends the script where modules of Python or programs are missing."""
    missing = [name for name in programs if not shutil.which(name)]
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        print("not here: %s" % ", ".join(missing))
        sys.exit(SKIPPED)


require(["numpy"])

import numpy as np  # noqa: E402

import dae  # noqa: E402


def run(*arguments):
    """Runs a program, which has to succeed."""
    subprocess.run([str(argument) for argument in arguments], check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)


class Files:
    """A folder of files, and how many of them have been compared."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.compared = 0
        self.wrong = []

    def path(self, name):
        return os.path.join(self._folder.name, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def _compare(self, what, values, expected):
        values, expected = np.asarray(values), np.asarray(expected)
        self.compared += 1
        if values.shape != expected.shape:
            self.wrong.append("%s: shape %s, expected %s" % (what, values.shape, expected.shape))
        elif not np.array_equal(values, expected, equal_nan=values.dtype.kind == "f"):
            at = np.unravel_index(np.argmax(values != expected), values.shape)
            self.wrong.append("%s: value %s is %r, expected %r" % (what, at, values[at], expected[at]))

    def _open(self, what, name, format):
        """The dataset, or None: what is wrong is noted."""
        try:
            return dae.Dataset.open(self.path(name), format)
        except dae.Error as error:
            self.compared += 1
            self.wrong.append("%s: %s" % (what, error))
            return None

    def reads(self, name, expected, format=None):
        """libdae reads these samples, an array [count, ...] that is rounded to float32."""
        what = name if format is None else "%s as %s" % (name, format)
        dataset = self._open(what, name, format)
        if dataset is not None:
            with np.errstate(over="ignore"):
                self._compare(what, dataset.read()[0], np.asarray(expected).astype(np.float32))

    def reads_samples(self, name, samples, format=None):
        """Likewise, of any sizes."""
        what = name if format is None else "%s as %s" % (name, format)
        dataset = self._open(what, name, format)
        if dataset is None:
            return
        if len(dataset) != len(samples):
            self.wrong.append("%s: %d samples, expected %d" % (what, len(dataset), len(samples)))
        for i, sample in enumerate(samples[:len(dataset)]):
            with np.errstate(over="ignore"):
                self._compare(what, dataset.read(i, 1)[0][0], np.asarray(sample).astype(np.float32))

    def together(self, pattern, least, format=None):
        """Files as one dataset, whose starts alone have been seen, are what each of them is when it is opened."""
        dataset = dae.Dataset.open(self.path(pattern), format)
        if len(dataset) < least:
            self.wrong.append("%s: %d files, expected at least %d" % (pattern, len(dataset), least))
        for i in range(len(dataset)):
            alone = dae.Dataset.open(dataset.fact("path", i), format)
            what = "%s among %s" % (alone.fact("path"), pattern)
            self._compare(what, dataset.shape_of(i), alone.shape_of(0))
            self._compare(what, dataset.read(i, 1)[0][0], alone.read(0, 1)[0][0])
            for fact in "rate", "bits", "alpha":
                if dataset.fact(fact, i) != alone.fact(fact, 0):
                    self.wrong.append("%s: %s is '%s', expected '%s'"
                                      % (what, fact, dataset.fact(fact, i), alone.fact(fact, 0)))

    def refuses(self, name, word, format=None):
        """libdae does not read the file, and says so in a sentence with this word."""
        self.compared += 1
        try:
            dae.Dataset.open(self.path(name), format)
        except dae.Error as error:
            if word not in str(error):
                self.wrong.append("%s: '%s' lacks '%s'" % (name, error, word))
            return
        self.wrong.append("%s: was read, expected a sentence with '%s'" % (name, word))

    def save(self, name, sample, format=None):
        """libdae writes one sample."""
        dataset = dae.Dataset.from_array(np.asarray(sample, np.float32)[None])
        dataset.save(self.path(name), format)
        return self.path(name)

    def same(self, what, values, expected):
        """What another program has read of a file of libdae's."""
        self._compare(what, values, expected)

    def finish(self, least):
        """Ends the script, which has to have compared so many files."""
        self._folder.cleanup()
        print("%d files compared, %d wrong" % (self.compared, len(self.wrong)))
        print("\n".join(self.wrong[:40]))
        if self.compared < least:
            print("expected at least %d files" % least)
        sys.exit(1 if self.wrong or self.compared < least else 0)
