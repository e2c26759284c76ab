#!/usr/bin/env python3
"""Kinds as the loaded library lists them, against what is written about them by hand: headers, docs, fuzz words.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_kinds.py
"""

import pathlib
import re
import unittest

from binding import dae

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The public header that has the formulae of a category.
HEADERS = {"layer": "layer.h", "activation": "layer.h", "initializer": "layer.h", "noise": "noise.h",
           "optimizer": "optimizer.h", "governor": "optimizer.h"}
ELSEWHERE = {"input"}  # begins a model: model.h


def words_of(path):
    return set(re.findall(r"\w+", (ROOT / path).read_text(encoding="utf-8", errors="replace")))


class KindsTest(unittest.TestCase):
    def lacks(self, path, names):
        """Names that a file does not have."""
        return sorted(set(names) - words_of(path) - ELSEWHERE)

    def test_every_category_has_a_header(self):
        self.assertEqual(sorted(HEADERS), sorted(dae.kinds()))

    def test_headers_have_every_kind_and_parameter(self):
        for category, header in HEADERS.items():
            for kind in dae.kinds(category):
                self.assertEqual(self.lacks("include/dae/" + header, [kind]), [], category)
            if category in ("optimizer", "governor", "noise"):
                names = {name for kind in dae.kinds(category) for name in dae.kinds(category, kind)}
                self.assertEqual(self.lacks("include/dae/" + header, names), [], category)

    def test_file_formats_name_every_kind_in_their_tables(self):
        text = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
        cells = set(re.findall(r"`(\w+)[`(]", "\n".join(line for line in text.split("\n") if line.startswith("|"))))
        kinds = {kind for category in dae.kinds() for kind in dae.kinds(category)}
        self.assertEqual(sorted(kinds - cells), [])

    def test_words_of_fuzzers_have_every_kind_and_parameter(self):
        names = set()
        for category in dae.kinds():
            for kind in dae.kinds(category):
                names.add(kind)
                names.update(p for p in dae.kinds(category, kind) if "default" in dae.facts(category, kind, p))
        self.assertEqual(self.lacks("tests/fuzz/words.dict", names), [])

    def test_parameters_by_place_have_no_default(self):
        """Or a decimal comma could be read as one more value. What is its kind's only parameter is none the worse."""
        for category in dae.kinds():
            for kind in dae.kinds(category):
                for parameter in dae.kinds(category, kind):
                    facts = dae.facts(category, kind, parameter)
                    self.assertFalse(facts["by_place"] and "default" in facts and len(dae.kinds(category, kind)) > 1,
                                     "%s of %s" % (parameter, kind))


if __name__ == "__main__":
    unittest.main()
