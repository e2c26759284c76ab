#!/usr/bin/env python3
"""Rules that all kinds keep which the loaded library lists.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_kinds.py
"""

import unittest

from binding import dae


class KindsTest(unittest.TestCase):
    def test_parameters_by_place_have_no_default(self):
        """Or a decimal comma could be read as one more value. What is its kind's only parameter is none the worse."""
        for category in dae.kinds():
            for kind in dae.kinds(category):
                for parameter in dae.kinds(category, kind):
                    facts = dae.facts(category, kind, parameter)
                    self.assertFalse(facts["by_place"] and "default" in facts and len(dae.kinds(category, kind)) > 1,
                                     "%s of %s" % (parameter, kind))

    def test_constructors_make_what_examples_say(self):
        for category in dae.kinds():
            for kind in dae.kinds(category):
                example = dae.recipe_steps(category, dae.facts(category, kind)["example"])[0]
                values, named = [], {}
                for parameter in dae.kinds(category, kind):
                    facts = dae.facts(category, kind, parameter)
                    if not example[parameter]:
                        continue
                    if facts["by_place"] and not named:
                        values += example[parameter].split(", ") if facts["many"] else [example[parameter]]
                    else:
                        named[parameter] = example[parameter]
                text = getattr(getattr(dae, category), kind)(*values, **named)
                made = dae.recipe_steps(category, text)[0]
                self.assertEqual({**made, "label": ""}, {**example, "label": ""})


if __name__ == "__main__":
    unittest.main()
