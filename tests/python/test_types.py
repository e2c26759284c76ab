#!/usr/bin/env python3
"""What the package says of itself: types, stubs, signatures, the examples in its documentation; and what importing it costs.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_types.py
"""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from binding import dae

FOLDER = Path(dae.__file__).parent
MODULES = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]) if module.name != "__main__")

# Lines that mypy finds nothing wrong with, and lines that it refuses, each with a word of its message.
GOOD = """
import dae
from dae import layer, noise

recipe: str = noise.gaussian(0.1) | noise.clip(0, 1) | "none"
net = layer.input(1, "any", "any") | layer.conv2d(8, [3, 3], bias=False, activation="relu").named("code")
model: dae.Model = dae.Model(net, seed=1)
shape: "tuple[int, ...]" = model.input_shape
count: int = model.parameter_count
trainer = dae.Trainer(model, dae.optimizer.adam(1e-3) | dae.governor.cosine(epochs=3), "mse")
done: bool = trainer.fit(dae.Dataset.open("x").corrupt(recipe, seed=1), on_epoch=lambda progress: progress.loss < 0.1)
try:
    losses: "list[float]" = trainer.history["loss"]
except dae.ShapeError as error:
    print(error.position)
with dae.Session(model) as session:
    session.run([[0.0]])
"""
BAD = (("dae.layer.conv2d(8)", "Too few|Missing"), ("dae.layer.dense(8, activaton='relu')", "activaton"),
       ("dae.noise.gaussian([1])", "incompatible type"), ("dae.noise.loud()", "loud"), ("dae.Model(None)", "incompatible type"),
       ("dae.Trainer(dae.Model(3), 0.1)", "incompatible type"), ("dae.nothing", "nothing"))


class DocumentationTest(unittest.TestCase):
    def test_examples(self):
        attempted = 0
        for name in ["dae"] + ["dae." + module for module in MODULES]:
            try:
                module = importlib.import_module(name)
            except ImportError as error:
                self.assertEqual(error.name, "numpy")
                continue
            failed, count = doctest.testmod(module)
            self.assertEqual(failed, 0, name)
            attempted += count
        self.assertGreater(attempted, 20)

    def test_everything_public_is_described(self):
        for name in dae.__all__:
            item = getattr(dae, name)
            self.assertTrue(item.__doc__, name)
            if inspect.isclass(item) and issubclass(item, dae.data.Handle):
                for method, function in vars(item).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        self.assertTrue(function.__doc__, "%s.%s" % (name, method))


class StubTest(unittest.TestCase):
    def setUp(self):
        self.stub = FOLDER / "_constructors.pyi"
        if not self.stub.exists():
            self.skipTest("there is no stub in a checkout: wheels have it")
        self.tree = ast.parse(self.stub.read_text(encoding="utf-8"))

    def test_stubs_are_those_of_the_library(self):
        """Kind by kind and parameter by parameter, with their defaults."""
        found = {node.name[1:]: {f.name: f for f in node.body} for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.assertEqual(list(found), dae.kinds())
        for category, functions in found.items():
            self.assertEqual(sorted(functions), dir(getattr(dae, category)))
            for name, function in functions.items():
                kind, known = name.rstrip("_"), {}
                for parameter in dae.kinds(category, kind):
                    known[parameter] = dae.facts(category, kind, parameter)
                given, named = function.args.args, function.args.kwonlyargs
                rest = [function.args.vararg] if function.args.vararg else []
                self.assertEqual(sorted(a.arg.rstrip("_") for a in given + rest + named), sorted(known), name)
                for a in given + rest:
                    self.assertTrue(known[a.arg.rstrip("_")]["by_place"], name)
                for a, default in zip(named, function.args.kw_defaults):
                    facts = known[a.arg.rstrip("_")]
                    if "default" in facts and "other" not in facts:
                        said = dae._kinds.write(ast.literal_eval(default), {})
                        if said != facts["default"]:
                            numbers = [{"yes": "1", "no": "0"}.get(text, text) for text in (said, facts["default"])]
                            self.assertEqual(float(numbers[0]), float(numbers[1]), name)
                self.assertEqual(ast.get_docstring(function), inspect.getdoc(getattr(getattr(dae, category), name)))

    def test_signatures_are_those_of_the_stub(self):
        for node in self.tree.body:
            for function in node.body if isinstance(node, ast.ClassDef) else ():
                signature = inspect.signature(getattr(getattr(dae, node.name[1:]), function.name))
                by_kind = {kind: [p.name for p in signature.parameters.values() if p.kind is kind] for kind in (
                    inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)}
                self.assertEqual(list(by_kind.values()), [
                    [a.arg for a in function.args.args], [function.args.vararg.arg] if function.args.vararg else [],
                    [a.arg for a in function.args.kwonlyargs]])

    @unittest.skipIf(os.environ.get("DAE_SPARSE"), "says the same with every compiler")
    @unittest.skipUnless(shutil.which("mypy"), "needs mypy")
    def test_mypy(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(FOLDER, Path(folder) / "dae", ignore=shutil.ignore_patterns("*.so*", "__pycache__"))
            (Path(folder) / "good.py").write_text(GOOD)
            (Path(folder) / "bad.py").write_text("import dae\n" + "".join("%s\n" % line for line, _ in BAD))
            done = subprocess.run(["mypy", "--strict", "--no-color-output", "--python-version", "3.9", "dae", "good.py", "bad.py"],
                                  cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
            lines = [line for line in done.stdout.splitlines() if ": error: " in line]
            self.assertEqual([line for line in lines if not line.startswith("bad.py")], [])
            for number, (text, word) in enumerate(BAD, 2):
                with self.subTest(text):
                    self.assertRegex("\n".join(line for line in lines if line.startswith("bad.py:%d:" % number)), word)


class ImportTest(unittest.TestCase):
    def test_old_syntax_is_enough(self):
        """That of Python 3.9."""
        for path in FOLDER.glob("*.py*"):
            if path.suffix in (".py", ".pyi"):
                ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))

    def test_little_is_imported_before_it_is_needed(self):
        """In an environment without the variable LIBDAE, and with no library anywhere."""
        code = ("import sys; before = set(sys.modules); import dae; new = set(sys.modules) - before;"
                "print(*sorted({name.partition('.')[0] for name in new} & {'numpy', 'inspect', 'json', 'tempfile', 'pathlib',"
                " 'asyncio', 'matplotlib', 'sklearn', 'subprocess'}), dae._library._library)")
        done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True,
                              env={"PYTHONPATH": str(FOLDER.parent), "LIBDAE": "/nowhere"})
        self.assertEqual((done.stderr, done.stdout), ("", "None\n"))


if __name__ == "__main__":
    unittest.main()
