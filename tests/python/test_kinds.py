#!/usr/bin/env python3
"""Rules that all kinds keep which the loaded library lists.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_kinds.py
"""

import itertools
import os
import tempfile
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

    def test_steps_are_joined_and_labelled(self):
        first, last = dae.noise.gaussian(0.5), dae.noise.clip(0, 1)
        self.assertEqual(first | last, "gaussian(0.5) | clip(0, 1)")
        self.assertEqual("none" | (first | "none"), "none | gaussian(0.5) | none")
        self.assertEqual((dae.layer.from_("input") | dae.layer.dense(3).named("code")), "from(input) | dense(3) as code")
        self.assertEqual(dae.view.crops(24, 24, count=2), "crops(24, 24, count=2)")
        self.assertEqual(dae.view.part(from_=0.5, to=1), "part(from=0.5, to=1)")
        self.assertEqual(dae.layer.dense(3, bias=False, initializer=None), "dense(3, bias=no)")
        self.assertEqual(dae.noise.gaussian(dae.draw.choice(0.1, 0.2)), "gaussian(choice(0.1, 0.2))")
        with self.assertRaises(TypeError):
            first | 3

    def test_recordings_go_along(self):
        street, hall = (dae.Dataset.from_array([[value] * 9]) for value in (1.0, 2.0))
        street.name, hall.name = "street", "hall"
        recipe = dae.noise.mix(street, snr=0) | dae.noise.sometimes(0.5, dae.noise.mix(hall, snr=dae.draw.uniform(0, 9)))
        self.assertEqual(recipe.recordings, {"street": street, "hall": hall})
        self.assertEqual(recipe.named("x").recordings, recipe.recordings)
        data = dae.Dataset.from_array([[0.5] * 4] * 2)
        self.assertEqual(len(data.corrupt("none" | recipe, seed=1).read()[0]), 2)
        with self.assertRaisesRegex(dae.ArgumentError, "street"):
            data.corrupt(str(recipe) + "", seed=1).read()
        hall.name = "street"
        with self.assertRaisesRegex(ValueError, "two datasets are called 'street'"):
            recipe | dae.noise.mix(hall, snr=1)
        with self.assertRaisesRegex(ValueError, "two datasets are called 'street'"):
            dae.noise.one_of(dae.noise.mix(hall, snr=1), dae.noise.mix(street, snr=1))
        self.assertNotEqual(dae.Dataset.from_array([[1.0]]).name, dae.Dataset.from_array([[1.0]]).name)

    def test_all_noises_in_one_resume(self):
        """On any number of threads, from the middle of an epoch, to the bit: each kind in a choice, some of the time."""
        street = dae.Dataset.from_array([[[0.1 * i % 1 for i in range(40)]]] * 3)
        examples = [dae.facts("noise", kind)["example"] for kind in dae.kinds("noise")]
        recipe = "sometimes(0.9, one_of(%s)) | one_of(2: %s, 1: none)" % (
            ", ".join("%d: sometimes(0.8, %s)" % (1 + i % 3, text) for i, text in enumerate(examples)),
            "one_of(1: gaussian(choice(0.1, 0.3)), 1: sometimes(0.5, masking(0.2)))")
        clean = dae.Dataset.from_array([[[((7 * i + j) % 11) / 11 for j in range(40)]] for i in range(90)])

        def train(threads, path, last, first=None):
            dae.set_num_threads(threads)
            noise = dae.Noise(recipe).bind("street", street)
            model = dae.Model("input(1, 40) | conv1d(3, 5, activation=tanh) | conv1d(1, 5)", seed=1)
            trainer = dae.Trainer(model, "adam(1e-2)", batch_size=8, seed=3)
            if first:
                trainer.load_checkpoint(first)
            data = clean.corrupt(noise, seed=2)
            steps = itertools.count(1)
            if not trainer.fit(data, 3 - trainer.epochs, on_step=lambda _: next(steps) == last):
                trainer.save_checkpoint(path)
            return model.to_bytes()

        try:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "checkpoint")
                whole = train(1, path, 99)
                for threads, step in (2, 1), (3, 17), (7, 30):
                    self.assertTrue(train(threads, path, step) != whole)
                    self.assertTrue(train(8 - threads, path, 99, path) == whole)
        finally:
            dae.set_num_threads(0)

    def test_what_there_is_can_be_listed(self):
        self.assertLessEqual(set(dae.kinds()), set(dir(dae)))
        self.assertIn("from_", dir(dae.layer))
        self.assertFalse(hasattr(dae, "nothing") or hasattr(dae.layer, "nothing"))
        self.assertIs(dae.layer.dense, dae.layer.dense)


if __name__ == "__main__":
    unittest.main()
