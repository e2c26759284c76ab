#!/usr/bin/env python3
"""Writes the calls of the walk over all public functions as C.

usage: generate_walk.py SOURCE OUTPUT DEPFILE

Joins the headers with walk_table.py: for each function a C function that makes one of its calls, numbered
from 0: those that work, then each with one argument spoiled. walk.c makes them and looks at what happens.
A function without a row, a row without a function and an argument without a value become sentences by
which a test fails.
"""

import re
import sys
from pathlib import Path

import interface
import walk_table

TABLE = "tests/boundary/walk_table.py"
STATUSES = ("ARGUMENT", "SHAPE", "MEMORY", "IO", "FORMAT", "STATE", "NOT_FINITE", "CANCELLED", "UNSUPPORTED",
            "CALLBACK")
AS_OTHER = re.compile(r"\b[Aa]s (dae_\w+)\(\)")
HANDLE = re.compile(r"(const )?(dae_(\w+) )\*")
OUT_HANDLE = re.compile(r"(dae_(\w+) )\*\*")

# What spoils an argument: (description, C expression). Values "are" what they are; arrays and texts just have it said.
ADDRESSABLE = [("INT32_MAX", "INT32_MAX"), ("much", "MUCH")]
IMPOSSIBLE = [(size, size) for size in ("SIZE_MAX / 8 + 1", "SIZE_MAX / 4 + 1", "SIZE_MAX / 2", "SIZE_MAX")]
SIZES = [("0", "0"), *ADDRESSABLE, *IMPOSSIBLE]
WIDE_NUMBERS = [("0", "0"), ("2^40", "UINT64_C(1) << 40"), ("UINT64_MAX / 2", "UINT64_MAX / 2"),
                ("UINT64_MAX", "UINT64_MAX")]
CHOICES = [("-1", "-1"), ("INT32_MAX", "INT32_MAX"), ("INT32_MIN", "INT32_MIN")]
NOT_FINITE = [("NaN", "(double)NAN"), ("infinity", "(double)INFINITY"), ("-infinity", "-(double)INFINITY")]
NUMBERS = [("-1", "-1"), ("0", "0"), ("1e308", "1e308"), ("-1e308", "-1e308"), ("1e-320", "1e-320")]
TEXTS = [("empty", '""'), ("not UTF-8", '"\\xff\\xfe\\x80\\xc3"'), ("of 5000 characters", "w->long_text"),
         ("with control characters", '"\\x01\\n\\t\\x1b[31m\\x7f"'), ("a format", '"%s%n%d%s"')]
SHAPES = [("with a dimension of 0", "w->zero_shape"), ("beyond all memory", "w->huge_shape")]
ARRAYS = {"const float *": [("full of NaN", "w->nans"), ("full of infinity", "w->infinities")],
          "const void *": [("full of garbage", "w->garbage")],
          "const size_t *": SHAPES,
          "const char *": TEXTS}


def documented(function, by_name, seen=()):
    """The statuses that a function's comment names, and those of functions that it refers to."""
    names = set(re.findall(r"\bDAE_ERROR_(\w+)", function.comment))
    for other in AS_OTHER.findall(function.comment):
        if other in by_name and other not in seen:
            names |= documented(by_name[other], by_name, (*seen, function.name))
    return names


def default_value(kind, name):
    """The table's default for a parameter, or None."""
    handle = HANDLE.fullmatch(kind)
    return walk_table.DEFAULTS.get((kind, name),
                                   walk_table.DEFAULTS.get(handle.group(2) + "*" if handle else kind))


def check(functions):
    """What the table lacks or has too much, as sentences that say what to do; and whom no calls can be made for."""
    problems, by_name, left_out = [], {function.name: function for function in functions}, set()
    for function in functions:
        row = walk_table.ROWS.get(function.name)
        if row is None:
            problems.append(f"{function.name} ({function.header}:{function.line}) is not in the walk over all "
                            f"functions: add a row that calls it to ROWS in {TABLE}")
            left_out.add(function.name)
            continue
        names = {name for _, name in function.parameters}
        for changes in (row.arguments, *row.also, row.null, row.vouched, row.written):
            for name in set(changes) - names:
                problems.append(f"{function.name} has no parameter {name}: mend its row in {TABLE}")
                left_out.add(function.name)
        for kind, name in function.parameters:
            if (not OUT_HANDLE.fullmatch(kind) and name not in row.arguments
                    and default_value(kind, name) is None):
                problems.append(f"{function.name}: nothing says what to hand over as {kind} {name}: "
                                f"add it to the row in {TABLE}")
                left_out.add(function.name)
        says = "MEMORY" in documented(function, by_name)
        if says != row.allocates:
            problems.append(f"{function.name}: its comment {'names' if says else 'does not name'} DAE_ERROR_MEMORY, "
                            f"its row in {TABLE} says that it "
                            f"{'allocates' if row.allocates else 'does not allocate'}: mend what is wrong")
    for name in set(walk_table.ROWS) - set(by_name):
        problems.append(f"{name} is in no header: take its row out of {TABLE}")
    return problems, left_out


def values_of(function, row, kind, name):
    """Values that spoil a parameter: (value, C expression, expectation)."""
    if "*" in kind or kind.endswith("_fn"):
        # dae.h: any free function accepts NULL
        may_be_null = function.name.endswith("_free") or name in row.null
        yield "NULL", "NULL", "WORKS" if may_be_null else "REFUSED"
    for what, value in {"size_t": SIZES, "uint64_t": WIDE_NUMBERS, "double": NUMBERS}.get(kind, ()):
        if not (name in row.vouched and (what, value) in ADDRESSABLE):
            yield what, value, "MAY_FAIL"
    for what, value in {"int32_t": CHOICES, "dae_status": CHOICES, "double": NOT_FINITE}.get(kind, ()):
        yield what, value, "REFUSED"


def things_of(function, kind):
    """Objects, arrays and texts that spoil a parameter: (description, C expression)."""
    handle = HANDLE.fullmatch(kind)
    if handle and not function.name.endswith("_free"):
        return walk_table.OTHERS[handle.group(2) + "*"]
    return [] if handle else ARRAYS.get(kind, [])


def spoilings(function, row):
    """(description, assignment, expectation) of all calls behind those that work."""
    for kind, name in function.parameters:
        for what, value, expected in values_of(function, row, kind, name):
            yield f"{name} is {what}", f"{name} = {value}", expected
        for what, value in things_of(function, kind):
            yield f"{name} {what}", f"{name} = {value}", "MAY_FAIL"


def mask(names):
    return " | ".join(f"1u << -({name})" for name in names) or "0"


def write_call(function, row):
    """The C function that makes call number `attack`."""
    outs = [(name, match) for kind, name in function.parameters if (match := OUT_HANDLE.fullmatch(kind))]
    lines = [f"static dae_status call_{function.name}(struct world *w, size_t attack) {{", "    (void)w;"]
    for kind, name in function.parameters:
        match = OUT_HANDLE.fullmatch(kind)
        if match:
            lines.append(f"    {match.group(1)}*got_{name} = (void *)&untouched;")
            lines.append(f"    {kind}{name} = &got_{name};")
        else:
            space = "" if kind.endswith("*") else " "
            lines.append(f"    {kind}{space}{name} = {row.arguments.get(name) or default_value(kind, name)};")
    lines.append("    switch (attack) {")
    cases = ["; ".join(f"{name} = {value}" for name, value in changes.items()) for changes in row.also]
    cases += [assignment for _, assignment, _ in spoilings(function, row)]
    for number, assignment in enumerate(cases, start=1):
        lines += [f"    case {number}:", f"        {assignment};", "        break;"]
    lines += ["    default:", "        break;", "    }"]
    arguments = ", ".join(name for _, name in function.parameters)
    if function.returns_status:
        lines.append(f"    dae_status status = {function.name}({arguments});")
    elif "*" in function.result:
        lines.append(f"    w->touched |= {function.name}({arguments}) == NULL;")
    else:
        lines.append(f"    (void){function.name}({arguments});")
    for name, match in outs:
        lines += [f"    bool is_set_{name} = got_{name} != (void *)&untouched;",
                  f"    w->touched |= is_set_{name} != (status == DAE_OK && {name} != NULL);",
                  f"    if (is_set_{name})", f"        dae_{match.group(2)}_free(got_{name});"]
    if function.name.endswith("_free"):
        kind, name = function.parameters[0]
        lines += ["    if (attack == 0)", f"        {row.arguments.get(name) or default_value(kind, name)} = NULL;"]
    lines += [f"    return {'status' if function.returns_status else 'DAE_OK'};", "}", ""]
    return lines


def write_calls_of(function, row):
    """What walk.c has to know about each call."""
    lines = [f"static const struct attack attacks_{function.name}[] = {{",
             '    {"the call as it should be", WORKS, 0},']
    for changes in row.also:
        what = ", ".join(f"{name} = {value}" for name, value in changes.items()).replace('"', '\\"')
        lines.append(f'    {{"{what}", WORKS, {mask(row.may_give)}}},')
    for what, _, expected in spoilings(function, row):
        if not function.returns_status:
            expected = "WORKS"
        lines.append(f'    {{"{what}", {expected}, 0}},')
    return [*lines, "};", ""]


def words_of(function):
    """What a message may speak of: the function, its parameters, and the kinds of its objects."""
    words = [function.name]
    for kind, name in function.parameters:
        match = HANDLE.fullmatch(kind) or OUT_HANDLE.fullmatch(kind)
        words += [name] + ([match.groups()[-1]] if match else [])
    return sorted(set(words), key=words.index)


def write_row(function, row, by_name):
    trainer = next((kind for kind, _ in function.parameters if kind.endswith("dae_trainer *")), None)
    # what the table lets a failing call write to is set back before the world is compared
    forget = "FLOATS_TOO" if "inputs" in row.written else "LENGTH_TOO" if row.written else "NOTHING"
    changes = any(HANDLE.fullmatch(kind) and not kind.startswith("const") for kind, _ in function.parameters)
    words = ", ".join(f'"{word}"' for word in words_of(function))
    return [
        "    {",
        f'        .name = "{function.name}",',
        f"        .call = call_{function.name},",
        f"        .attacks = attacks_{function.name},",
        f"        .attack_count = sizeof attacks_{function.name} / sizeof *attacks_{function.name},",
        f"        .call_count = {1 + len(row.also)},",
        f"        .documented = {mask('DAE_ERROR_' + s for s in STATUSES if s in documented(function, by_name))},",
        f"        .partly = {mask(row.partly)},",
        f"        .words = {{{words}}},",
        f"        .written = {forget},",
        f"        .allocates = {str(row.allocates).lower()},",
        f"        .takes_object = {str(changes).lower()},",
        f"        .frees = {str(function.name.endswith('_free')).lower()},",
        f"        .takes_trainer = {str(trainer is not None).lower()},",
        f"        .changes_trainer = {str(trainer == 'dae_trainer *' and function.returns_status).lower()},",
        "    },",
    ]


def generate(functions):
    by_name = {function.name: function for function in functions}
    problems, left_out = check(functions)
    functions = [function for function in functions if function.name not in left_out]
    lines = ["/* Made by generate_walk.py from the public headers and walk_table.py. */", '#include "walk.h"', "",
             "/* Its address stands in handles that a call has not set. */", "static char untouched;", ""]
    for function in functions:
        row = walk_table.ROWS[function.name]
        lines += write_call(function, row) + write_calls_of(function, row)
    lines.append("const struct row rows[] = {")
    for function in functions:
        lines += write_row(function, walk_table.ROWS[function.name], by_name)
    lines += ["};", "const size_t row_count = sizeof rows / sizeof *rows;", "", "const char *const problems[] = {"]
    lines += [f'    "{problem}",' for problem in problems]
    return "\n".join([*lines, "    NULL,", "};", ""])


def main():
    if len(sys.argv) != 4:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    source, output, depfile = map(Path, sys.argv[1:])
    output.write_text(generate(interface.public_functions(source)), encoding="utf-8")
    headers = " ".join(str(header).replace(" ", "\\ ") for header in interface.public_headers(source))
    depfile.write_text(f"{output}: {headers}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
