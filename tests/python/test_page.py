#!/usr/bin/env python3
"""Runs the code of docs/python.md, from top to bottom, in an empty folder beside which only examples/ is found.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_page.py
"""

import contextlib
import io
import os
import re
import tempfile
import unittest

from binding import ROOT, dae

PAGE = os.path.join(ROOT, "docs", "python.md")


class PageTest(unittest.TestCase):
    def setUp(self):
        with open(PAGE, encoding="utf-8") as file:
            self.text = file.read()

    def test_code(self):
        self.addCleanup(os.chdir, os.getcwd())
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(ROOT, "examples"), os.path.join(folder, "examples"))
            os.chdir(folder)
            names, told = {}, io.StringIO()
            for block in re.finditer(r"^```python\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE):
                line = self.text.count("\n", 0, block.start(1))
                with contextlib.redirect_stdout(told):
                    exec(compile("\n" * line + block.group(1), PAGE, "exec"), names)
            os.chdir(ROOT)
        self.assertGreater(names["report"]["psnr"], names["report"]["input_psnr"] + 2)
        self.assertIn("stddev", told.getvalue())
        self.assertEqual(str(names["with_traffic"]), "mix(name=street, snr=10)")

    def test_links(self):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", self.text):
            self.assertTrue(os.path.exists(os.path.join(ROOT, "docs", target)), target)
        headings = {re.sub(r"[^\w -]", "", line[3:]).lower().replace(" ", "-") for line in self.text.splitlines() if line[:3] == "## "}
        for target in re.findall(r"\]\(#([^)]+)\)", self.text):
            self.assertIn(target, headings)

    def test_every_class_of_errors_is_named(self):
        for kind in dae.Error.__subclasses__():
            self.assertIn(kind.__name__, self.text)


if __name__ == "__main__":
    unittest.main()
