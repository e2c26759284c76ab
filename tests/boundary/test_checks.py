#!/usr/bin/env python3
"""Tests of the checks themselves: each passes on a small clean checkout and finds each planted fault."""

import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import check_abi
import check_comments
import check_readme
import check_sources
import check_symbols
import generate_walk
import interface
import read_testlog
from walk_table import Row

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"

FILES = {
    "include/dae.h": "#include <dae/status.h>\n#include <dae/rng.h>\n",
    "include/dae/status.h": (
        "#include <stdint.h>\n"
        '#define DAE_API __attribute__((visibility("default")))\n'
        "typedef int32_t dae_status;\nenum { DAE_OK = 0 };\n"
        "/** Name. Cannot fail. @since 0.1.0 */\nDAE_API const char *dae_name(dae_status status);\n"
    ),
    "include/dae/rng.h": (
        "#include <dae/status.h>\n"
        "/** Draws, see dae_name() and DAE_OK.\n * Errors: none. @since 0.1.0 */\n"
        "DAE_API dae_status dae_draw(float *x,\n                            int32_t count);\n\n"
        "/** As dae_draw(), twice. @since 0.1.0 */\nDAE_API dae_status dae_draw_twice(float *x);\n"
    ),
    "include/dae/version.h": (
        "#define DAE_VERSION_MAJOR 0\n#define DAE_VERSION_MINOR 1\n#define DAE_VERSION_PATCH 0\n"
    ),
    "lib/libdae.map": (
        "LIBDAE_0.1 {\n  global:\n    dae_draw; # a comment\n    dae_draw_twice;\n    dae_name;\n"
        "  local:\n    *;\n};\n"
    ),
    "lib/core/memory.c": (
        '#include "core/memory.h"\n#include <stdlib.h>\n'
        "void *dae_allocate(unsigned long size) { return malloc(size); }\n"
    ),
    "lib/core/memory.h": "void *dae_allocate(unsigned long size);\n",
    "lib/core/pool.c": "void start(void) { pthread_sigmask(0, 0, 0); }\n",
    "lib/math/matmul.c": (
        "#include <cblas.h>\n#include <dae/status.h>\n#include <dae/rng.h>\n#include \"../core/memory.h\"\n"
        "/* never abort(), never free(x) */\n"
        "const char *dae_name(dae_status s) { return s ? \"exit(1)\" : \"getenv(x)\"; }\n"
        "dae_status dae_draw(float *x, int32_t n) { list->free(x); ops.exit(n); return signal + error; }\n"
        "dae_status dae_draw_twice(float *x) { void (*free)(void *); return dae_draw(x, 2); }\n"
    ),
    "lib/roof.c": '#include "math/matmul.h"\n',
    "lib/math/matmul.h": "",
    "tests/check_a.c": "int main(void) { return dae_draw(0) + dae_draw_twice(0) + dae_name(0); }\n",
    "examples/python/dae/__init__.py": "dae_draw dae_draw_twice dae_name\n",
}

LIBRARY = """
#include <stdlib.h>
#define API __attribute__((visibility("default")))
API int dae_draw(void) { return 0; }
API int dae_draw_twice(void) { return 0; }
API int dae_name(void) { return 0; }
"""


class Checkout(unittest.TestCase):
    """A small clean checkout in a temporary folder."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name).resolve()
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name, old, new):
        self.assertIn(old, FILES[name])
        self.write(name, FILES[name].replace(old, new))

    def assert_finds(self, problems, *parts):
        self.assertEqual(len(problems), 1, problems)
        for part in parts:
            self.assertIn(part, problems[0])


class InterfaceTest(Checkout):
    def test_functions(self):
        functions = interface.public_functions(self.root)
        self.assertEqual([f.name for f in functions], ["dae_name", "dae_draw", "dae_draw_twice"])
        self.assertEqual([f.result for f in functions], ["const char *", "dae_status", "dae_status"])
        self.assertEqual(functions[1].line, 4)
        self.assertEqual([f.parameters for f in functions],
                         [[("dae_status", "status")], [("float *", "x"), ("int32_t", "count")], [("float *", "x")]])
        self.assertEqual(interface._parameters("void"), [])

    def test_all_functions_of_the_real_headers_are_read(self):
        lines = "".join(path.read_text(encoding="utf-8") for path in INCLUDE.rglob("*.h")).splitlines()
        marked = sum(line.startswith("DAE_API ") for line in lines)
        self.assertGreater(marked, 100)
        self.assertEqual(len(interface.public_functions(INCLUDE.parent)), marked)

    def test_strip_keeps_lines(self):
        text = '/* a\n b */ "/* no */" // c\nx'
        self.assertEqual(interface.strip_comments(text).split(), ['"/*', "no", '*/"', "x"])
        self.assertEqual(interface.strip_comments_and_literals(text).split(), ["x"])
        self.assertEqual(interface.strip_comments(text).count("\n"), 2)


@unittest.mock.patch.object(check_sources, "EXCEPTIONS", {("lib/core/pool.c", "pthread_sigmask"): "a reason"})
class SourcesTest(Checkout):
    def problems(self):
        return (check_sources.check_calls(self.root) + check_sources.check_includes(self.root)
                + check_sources.check_public_headers(self.root))

    def setUp(self):
        super().setUp()
        (self.root / "include/dae/version.h").unlink()

    def test_clean(self):
        self.assertEqual(self.problems(), [])

    def test_forbidden_calls(self):
        for call in ("abort()", "x = getenv(name)", "fprintf(stderr, text)", "y = *getenv(name)",
                     "on(exit, 1)", "assert(x)", "openblas_set_num_threads(1)", "FILE *f = stdout"):
            with self.subTest(call=call):
                self.write("lib/math/other.c", f"\nvoid f(void) {{ {call}; }}\n")
                self.assert_finds(self.problems(), "lib/math/other.c:2")

    def test_memory(self):
        for call in ("x = (float *)malloc(4)", "free(x)", "hand_on(free)", "copy = strdup(x)", "d = free"):
            with self.subTest(call=call):
                self.write("lib/core/other.c", f"void f(void) {{ {call}; }}\n")
                self.assert_finds(self.problems(), "lib/core/other.c:1", "lib/core/memory.c only")

    def test_exception_that_nothing_needs(self):
        self.write("lib/core/pool.c", "")
        self.assert_finds(self.problems(), "lib/core/pool.c", "not needed")

    def test_include_of_a_higher_floor(self):
        for line in ('#include "math/matmul.h"', '#include "../math/matmul.h"', "#include <dae/rng.h>"):
            with self.subTest(line=line):
                self.write("lib/core/other.c", line + "\n")
                self.assert_finds(self.problems(), "lib/core/other.c:1", "above it on math")

    def test_include_of_the_floor_beside(self):
        self.write("lib/data/dataset.h", "")
        self.write("lib/layers/other.c", '#include "data/dataset.h"\n')
        self.assert_finds(self.problems(), "lib/layers/other.c:1", "beside it on data")

    def test_include_of_nothing(self):
        self.write("lib/core/other.h", '#include "core/gone.h"\n')
        self.assert_finds(self.problems(), "core/gone.h", "not in the checkout")

    def test_no_floor(self):
        self.write("lib/attic/a.c", "")
        self.assert_finds(self.problems(), "lib/attic/a.c", "no floor")

    def test_umbrella_in_a_source(self):
        self.write("lib/math/other.c", "#include <dae.h>\n")
        self.assert_finds(self.problems(), "belongs to no floor")

    def test_cblas(self):
        self.write("lib/train/other.c", "#include <cblas.h>\n")
        self.assert_finds(self.problems(), "lib/math/matmul.c, lib/train/other.c")

    def test_order_of_public_headers(self):
        self.change("include/dae.h", "#include <dae/status.h>\n", "")
        self.assertTrue(any("has not included before" in problem for problem in self.problems()))

    def test_forgotten_public_header(self):
        self.write("include/dae/noise.h", "")
        self.assert_finds(self.problems(), "noise.h", "not included by dae.h")


class CommentsTest(Checkout):
    def problems(self):
        functions = interface.public_functions(self.root)
        return (check_comments.check_documented(self.root, functions)
                + check_comments.check_references(self.root, functions)
                + check_comments.check_named(functions, [self.root / "tests/check_a.c"], "tests"))

    def test_clean(self):
        self.assertEqual(self.problems(), [])

    def test_faults(self):
        for name, old, new, found in (
            ("include/dae/status.h", "/** Name. Cannot fail. @since 0.1.0 */\n", "", "no /** comment"),
            ("include/dae/status.h", "/** Name", "/* Name", "no /** comment"),
            ("include/dae/status.h", " Cannot fail.", "", "Cannot fail"),
            ("include/dae/rng.h", "none. @since 0.1.0", "none.", "dae_draw: no @since"),
            ("include/dae/rng.h", "none. @since 0.1.0", "none. @since 0.2.0", "above that of version.h"),
            ("include/dae/rng.h", "As dae_draw(), twice", "Draws twice", "dae_draw_twice: no Errors"),
            ("include/dae/rng.h", "see dae_name()", "see dae_nome()", "dae_nome()"),
            ("include/dae/rng.h", "DAE_OK", "DAE_KO", "DAE_KO"),
            ("tests/check_a.c", "dae_draw(0)", "0 /* dae_draw(0) */", "dae_draw: is not in tests"),
        ):
            with self.subTest(found=found):
                self.change(name, old, new)
                self.assert_finds(self.problems(), found)
                self.write(name, FILES[name])


class WalkTest(Checkout):
    """The table of the walk over all functions, against the small headers."""

    ROWS = {
        "dae_name": Row({"status": "0"}),
        "dae_draw": Row({"x": "w->floats", "count": "3"}),
        "dae_draw_twice": Row({"x": "w->floats"}, null=("x",)),
    }

    def generate(self, **rows):
        with unittest.mock.patch.object(generate_walk.walk_table, "ROWS", {**self.ROWS, **rows}):
            functions = interface.public_functions(self.root)
            return generate_walk.check(functions)[0], generate_walk.generate(functions)

    def test_clean(self):
        problems, code = self.generate()
        self.assertEqual(problems, [])
        for part in ("dae_draw(x, count)", "float *x = w->floats;", '{"x is NULL", REFUSED, 0}',
                     '{"count is INT32_MIN", REFUSED, 0}', "count = INT32_MAX;", '.words = {"dae_draw", "x", "count"}'):
            self.assertIn(part, code)
        # of dae_draw_twice, whose table row allows it; nothing is refused that returns no status
        self.assertEqual(code.count('{"x is NULL", WORKS, 0}'), 1)
        self.assertIn('{"status is -1", WORKS, 0}', code)

    def test_faults_of_the_table(self):
        for name, row, found in (
            ("dae_gone", Row(), "dae_gone is in no header"),
            ("dae_draw", Row({"x": "w->floats", "count": "3", "size": "4"}), "has no parameter size"),
            ("dae_draw", Row({"x": "w->floats", "count": "3"}, null=("y",)), "has no parameter y"),
            ("dae_draw", Row({"x": "w->floats"}), "hand over as int32_t count"),
            ("dae_draw", Row({"x": "w->floats", "count": "3"}, allocates=True), "does not name DAE_ERROR_MEMORY"),
        ):
            with self.subTest(found=found):
                problems, code = self.generate(**{name: row})
                self.assert_finds(problems, found, "tests/boundary/walk_table.py")
                self.assertIn(found, code)

    def test_function_without_a_row(self):
        new = "/** New. */\nDAE_API dae_status dae_new(float *x);\n"
        self.write("include/dae/rng.h", FILES["include/dae/rng.h"] + new)
        problems, code = self.generate()
        self.assert_finds(problems, "dae_new (include/dae/rng.h:10)", "add a row", "tests/boundary/walk_table.py")
        self.assertIn(problems[0], code)
        self.assertNotIn("dae_new(x)", code)

    def test_statuses_of_others(self):
        self.change("include/dae/rng.h", "Errors: none", "Errors: DAE_ERROR_IO")
        functions = {function.name: function for function in interface.public_functions(self.root)}
        for name, statuses in (("dae_draw", {"IO"}), ("dae_draw_twice", {"IO"}), ("dae_name", set())):
            self.assertEqual(generate_walk.documented(functions[name], functions), statuses)


class SymbolsTest(Checkout):
    def build(self, code=LIBRARY):
        self.write("library.c", code)
        library = self.root / "libdae.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-fvisibility=hidden", str(self.root / "library.c"), "-o",
                        str(library), f"-Wl,--version-script={self.root / 'lib/libdae.map'}"], check=True)
        return library

    def problems(self, library):
        mapped, problems = check_symbols.read_map(self.root / "lib/libdae.map")
        return problems + check_symbols.check_library("nm", library, mapped)

    def test_map(self):
        symbols, problems = check_symbols.read_map(self.root / "lib/libdae.map")
        self.assertEqual(symbols, dict.fromkeys(["dae_draw", "dae_draw_twice", "dae_name"], "LIBDAE_0.1"))
        self.assertEqual(problems, [])

    def test_map_faults(self):
        for old, new, found in (("dae_draw;", "dae_*;", "by the pattern"),
                                ("dae_name;", "dae_name; dae_draw;", "twice"),
                                ("    *;\n", "", "hides the rest")):
            self.change("lib/libdae.map", old, new)
            self.assert_finds(check_symbols.read_map(self.root / "lib/libdae.map")[1], found)

    @unittest.skipUnless(shutil.which("cc") and shutil.which("nm"), "needs cc and nm")
    def test_clean_library(self):
        self.assertEqual(self.problems(self.build()), [])

    @unittest.skipUnless(shutil.which("cc") and shutil.which("nm"), "needs cc and nm")
    def test_library_faults(self):
        missing = LIBRARY.replace("dae_name", "dae_nome")
        self.assert_finds(self.problems(self.build(missing)), "dae_name: in the map, not in the library")
        aborts = LIBRARY + "API int dae_draw(void);\nvoid (*volatile end)(void) = abort;\n"
        self.assert_finds(self.problems(self.build(aborts)), "uses abort")
        library = self.build()
        self.change("lib/libdae.map", "dae_name;", "")
        self.assert_finds(self.problems(library), "dae_name: in the library, not in the map")
        self.change("lib/libdae.map", "LIBDAE_0.1", "LIBDAE_0.2")
        self.assertIn("node LIBDAE_0.2 in the map, LIBDAE_0.1 in the library", self.problems(library)[0])


class AbiTest(Checkout):
    def setUp(self):
        super().setUp()
        for name in check_abi.STATED_IN:
            self.write(name, "/** From the release of 0.1 on the ABI only grows, and the\n"
                             " * soname changes only if that is broken. */")
        self.lists = self.root / "abi"
        self.released = [*check_abi.interface_lines(self.root)]

    def release(self, lines):
        self.write("CHANGELOG.md", check_abi.RULE + ".\n\n## [0.1.0] - 2030-01-02\n")
        self.write("abi/0.1.0.txt", "\n".join(lines))

    def test_lines(self):
        self.write("include/dae/rng.h", "enum { DAE_A = 1, DAE_B = -2 };\n"
                                        "typedef struct dae_s {\n    int a;\n    float b[2];\n} dae_s;\n"
                                        "typedef int (*dae_fn)(void *user);\n")
        self.assertEqual(check_abi.interface_lines(self.root),
                         ["DAE_A = 1", "DAE_B = -2", "DAE_OK = 0", "const char * dae_name(dae_status)",
                          "dae_s, field 1: int a", "dae_s, field 2: float b[2]", "typedef int (*dae_fn)(void *user);"])

    def test_clean(self):
        self.assertEqual(check_abi.check(self.root, self.lists), [])
        self.release(self.released)
        self.assertEqual(check_abi.check(self.root, self.lists), [])

    def test_the_rule_is_stated_nowhere_else_differently(self):
        self.write("README.md", "Until 1.0 the interface may still change.")
        self.assert_finds(check_abi.check(self.root, self.lists), "README.md: does not state the rule")

    def test_broken(self):
        self.release([*self.released, "dae_status dae_gone(float *)"])
        self.assert_finds(check_abi.check(self.root, self.lists), "0.1.0 promised", "dae_gone")
        (self.lists / "0.1.0.txt").unlink()
        self.assert_finds(check_abi.check(self.root, self.lists), "0.1.0 is released")


class ReadmeTest(Checkout):
    def test_blocks(self):
        text = "a\n```c\nint x;\n```\n```python\nprint(1)\n```\n"
        self.assertEqual(list(check_readme.blocks(text, "c")), [(3, "int x;\n")])
        self.assertEqual(list(check_readme.blocks(text, "python")), [(6, "print(1)\n")])

    def test_as_program(self):
        self.assertIn("int main(void) {\nint x;", check_readme.as_program("#include <a.h>\nint x;\n"))
        self.assertEqual(check_readme.as_program("int main(void) { }"), "int main(void) { }")

    def test_links_and_options(self):
        text = "[a](lib/libdae.map) [b](gone.md#x) [c](https://a.b)"
        self.assert_finds(check_readme.check_links(text, self.root), "gone.md")
        self.write("meson_options.txt", "option('zlib',\n  type: 'feature')\noption('cblas')\n")
        self.assert_finds(check_readme.check_options("| `-Dzlib` |", self.root), "cblas")


class TestlogTest(Checkout):
    def count(self, results):
        path = self.root / "testlog.json"
        tests = [{"name": "t", "result": result, "duration": 1.0, "stdout": "why"} for result in results]
        path.write_text("".join(json.dumps(test) + "\n" for test in tests), encoding="utf-8")
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            arguments, sys.argv = sys.argv, ["read_testlog.py", str(path)]
            try:
                self.assertEqual(read_testlog.main(), 0)
            finally:
                sys.argv = arguments
        return out.getvalue().strip(), err.getvalue()

    def test_counts(self):
        self.assertEqual(self.count(["OK", "EXPECTEDFAIL", "SKIP"]), ("2 0 1", ""))
        counts, shown = self.count(["OK", "FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"])
        self.assertEqual(counts, "1 5 0")
        self.assertEqual(shown.count("why"), 5)


if __name__ == "__main__":
    unittest.main()
