#!/usr/bin/env python3
"""Runs the code of docs/denoiser.md, from top to bottom, in an empty folder beside which only examples/ is found.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_denoiser_page.py [FOLDER]

The pictures that it draws stay in FOLDER, docs/images say, if one is named. Needs numpy, scikit-learn and matplotlib. With
DAE_SPARSE set the code is not run: it says the same with every compiler.
"""

import os
import re
import shutil
import sys
import tempfile
import unittest

from binding import ROOT

PAGE = os.path.join(ROOT, "docs", "denoiser.md")
FOLDER = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 and os.path.isdir(sys.argv[-1]) else None
try:
    import matplotlib
    import sklearn  # noqa: F401
except ImportError as error:
    print("skipped: %s" % error)
    sys.exit(77)
matplotlib.use("Agg")


class PageTest(unittest.TestCase):
    def setUp(self):
        with open(PAGE, encoding="utf-8") as file:
            self.text = file.read()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())

    @unittest.skipIf(os.environ.get("DAE_SPARSE"), "runs with one compiler")
    def test_code_and_pictures(self):
        os.symlink(os.path.join(ROOT, "examples"), os.path.join(self.folder, "examples"))
        os.chdir(self.folder)
        names = {}
        for block in re.finditer(r"^```python\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE):
            line = self.text.count("\n", 0, block.start(1))
            exec(compile("\n" * line + block.group(1), PAGE, "exec"), names)  # the file's own lines in tracebacks
        self.assertGreater(names["denoiser"].score(names["noisy"], names["test"]), 4)
        self.assertGreater(names["convolutional"].score(names["pictures"]), 3)
        self.assertGreater(names["pairs"].score(names["noisy"], names["test"]), 3)
        self.assertLess(names["better"].std(), names["heard"].std())
        self.assertEqual(names["search"].best_params_["model"], "dense_autoencoder(256)")
        self.assertEqual(names["again"].model_.to_bytes(), names["reference"].model_.to_bytes())
        shown = re.findall(r"\(images/(denoiser-[a-z]+\.png)\)", self.text)
        self.assertEqual(sorted(shown), sorted(name for name in os.listdir(".") if name.endswith(".png")))
        for name in shown:
            self.assertLess(os.path.getsize(name), 60000, name)
            self.assertTrue(os.path.exists(os.path.join(ROOT, "docs", "images", name)), name)
            if FOLDER is not None:
                shutil.copy(name, FOLDER)

    def test_links(self):
        for link in re.findall(r"\]\(([^)#]+)\)", self.text):
            self.assertTrue(os.path.exists(os.path.join(ROOT, "docs", link)), link)


if __name__ == "__main__":
    unittest.main()
