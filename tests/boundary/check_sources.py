#!/usr/bin/env python3
"""Checks what the sources below lib/ call and include.

usage: check_sources.py SOURCE

1. Nothing that ends or prints, reads the environment or changes the host process: the host rule in
   docs/architecture.md.
2. Memory comes from lib/core/memory.c only, so that dae_set_allocator() reaches all of it.
3. A floor includes its own headers and those of the floors below it, but layers none of data.
4. One file includes cblas.h.
5. A public header includes only those that dae.h includes before it.
"""

import re
import sys
from pathlib import Path

import interface

ROOF = "the roof"  # lib/*.c, above all floors
FLOORS = ["core", "math", "noise", "data", "layers", "model", "run", "objective", "train", ROOF]
BESIDE = ("data", "layers")  # floors that know nothing of each other

# The floor on which each public header is implemented; a floor below it may not include it.
PUBLIC_FLOOR = {
    "version.h": "core",
    "status.h": "core",
    "recipe.h": "core",
    "runtime.h": "core",
    "rng.h": "math",
    "noise.h": "noise",
    "dataset.h": "data",
    "layer.h": "layers",
    "model.h": "model",
    "session.h": "run",
    "stream.h": "run",
    "report.h": "run",
    "optimizer.h": "train",
    "trainer.h": "train",
    "checkpoint.h": "train",
}

GENERATED = {"config.h", "kinds.h"}  # written by meson, in no floor
ALLOCATION_FILE = "lib/core/memory.c"


def _reasons(reason, names):
    return {name: reason for name in names.split()}


FORBIDDEN = {
    **_reasons("ends the host", "abort exit _exit _Exit quick_exit assert raise kill longjmp"),
    **_reasons("prints", "printf vprintf puts putchar perror psignal syslog error warn warnx err errx"),
    **_reasons("reads or changes the environment", "getenv secure_getenv setenv unsetenv putenv clearenv"),
    **_reasons("changes how the host handles signals",
               "signal sigaction sigprocmask pthread_sigmask alarm setitimer sigaltstack"),
    **_reasons("leaves something behind in the host", "atexit on_exit at_quick_exit pthread_atfork"),
    **_reasons("changes something global",
               "setlocale srand srandom srand48 chdir fchdir umask setrlimit nice mallopt "
               "sched_setaffinity setpriority omp_set_num_threads openblas_set_num_threads "
               "goto_set_num_threads bli_thread_set_num_threads MKL_Set_Num_Threads"),
    **_reasons("draws from hidden global state", "rand random drand48 lrand48 mrand48 strtok"),
    **_reasons("starts another process", "system popen fork vfork execl execv execve execvp posix_spawn"),
    **_reasons("is not safe with threads; there is a variant with _r",
               "strerror localtime gmtime asctime ctime"),
    **_reasons("writes without a bound", "gets sprintf vsprintf"),
}

# What a compiled library refers to when a macro or a standard stream hides the call.
FORBIDDEN_BEHIND = _reasons("ends the host or prints", "__assert_fail __assert stdout stderr")

STREAMS = _reasons("is the host's", "stdout stderr stdin environ")

ALLOCATION = set(
    "malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc alloca "
    "strdup strndup asprintf vasprintf getline getdelim open_memstream".split()
)

# (file, name): why it is right there. An entry that nothing needs any more is a problem too.
EXCEPTIONS = {
    ("lib/core/signals.h", "pthread_sigmask"):
        "workers start with signals blocked, so that the host's threads get them; the mask of the caller is put "
        "back right after",
    ("lib/math/matmul.c", "openblas_set_num_threads"):
        "one BLAS thread while the library's own threads work; put back when the last such call returns",
    ("lib/data/png.c", "longjmp"): "libpng's errors must not return; the way leads to the function that called libpng",
    ("lib/math/matmul.c", "bli_thread_set_num_threads"): "as openblas_set_num_threads",
}


def _uses(code):
    """(offset, name, is_call) of each name that is called or handed on, but for members and declarators."""
    for match in re.finditer(r"(?<![\w.])(?<!->)(?<!\(\*)([A-Za-z_]\w*)\s*([(,;)])", code):
        yield match.start(), match.group(1), match.group(2) == "("


def _reason(name, function, is_call):
    """Why `function` may not be used in the file `name`, or None."""
    if function in ALLOCATION:
        return None if name == ALLOCATION_FILE else f"memory comes from {ALLOCATION_FILE} only"
    if function in STREAMS:
        return STREAMS[function]
    # handed on, or a variable: error, signal and raise are good names for one
    return FORBIDDEN.get(function) if is_call or function in ("abort", "exit", "printf", "getenv") else None


def check_calls(source):
    problems, used = [], set()
    for path in interface.c_sources(source / "lib"):
        name = path.relative_to(source).as_posix()
        code = interface.strip_comments_and_literals(path.read_text(encoding="utf-8"))
        code = re.sub(r"\bformat\(printf\b", "format(      ", code)  # the attribute
        for offset, function, is_call in _uses(code):
            reason = _reason(name, function, is_call)
            if not reason:
                continue
            if (name, function) in EXCEPTIONS:
                used.add((name, function))
            else:
                problems.append(f"{name}:{interface.line_of(code, offset)}: {function}: {reason}")
    problems += [f"{name}: exception for {function} is not needed" for name, function in
                 sorted(set(EXCEPTIONS) - used)]
    return problems


def _resolve(source, path, quote, included):
    """Where an #include leads: a path below the checkout, or None."""
    folders = [source / "lib", source / "include"]
    if quote == '"':
        folders.insert(0, path.parent)
    for folder in folders:
        if (folder / included).is_file():
            return (folder / included).resolve().relative_to(source.resolve())
    return None


def _floor_of(target):
    """The floor that a file of the checkout belongs to, or None. A file right in lib/ is on the roof."""
    if target.parts[0] == "include":
        return PUBLIC_FLOOR.get(target.name)
    if len(target.parts) == 2:
        return ROOF
    return target.parts[1] if target.parts[1] in FLOORS else None


def check_includes(source):
    problems, blas_files = [], []
    for path in interface.c_sources(source / "lib"):
        name = path.relative_to(source)
        code = interface.strip_comments(path.read_text(encoding="utf-8"))
        own = _floor_of(name)
        if own is None:
            problems.append(f"{name}: is on no floor ({', '.join(FLOORS[:-1])})")
            continue
        for match in interface.INCLUDE.finditer(code):
            quote, included = match.groups()
            place = f"{name}:{interface.line_of(code, match.start())}"
            if re.fullmatch(r"cblas.*\.h", Path(included).name):
                blas_files.append(str(name))
            target = _resolve(source, path, quote, included)
            if target is None:
                if quote == '"' and included not in GENERATED:
                    problems.append(f'{place}: "{included}" is not in the checkout')
                continue
            floor = _floor_of(target)
            if floor is None:
                problems.append(f"{place}: {included} belongs to no floor; include single headers")
            elif FLOORS.index(floor) > FLOORS.index(own):
                problems.append(f"{place}: {own} includes {included}, which is above it on {floor}")
            elif own != floor and own in BESIDE and floor in BESIDE:
                problems.append(f"{place}: {own} includes {included}, which is beside it on {floor}")
    if len(set(blas_files)) != 1:
        found = ", ".join(sorted(set(blas_files))) or "no file"
        problems.append(f"cblas.h must be included in one file; found: {found}")
    return problems


def check_public_headers(source):
    problems, before = [], {"stddef.h", "stdint.h"}
    umbrella, *headers = interface.public_headers(source)
    for header in headers:
        code = interface.strip_comments(header.read_text(encoding="utf-8"))
        for _, included in interface.INCLUDE.findall(code):
            if included not in before:
                problems.append(f"{header.name}: includes {included}, which dae.h has not included before")
        before.add(f"dae/{header.name}")
        if header.name not in PUBLIC_FLOOR:
            problems.append(f"{header.name}: has no floor in PUBLIC_FLOOR")
    present = {path.name for path in (umbrella.parent / "dae").glob("*.h")}
    for name in sorted(present - {header.name for header in headers}):
        problems.append(f"{name}: is not included by dae.h")
    return problems


def main():
    if len(sys.argv) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    source = Path(sys.argv[1])
    sources = interface.c_sources(source / "lib")
    problems = [] if sources else ["no C source below lib/"]
    problems += check_calls(source) + check_includes(source) + check_public_headers(source)
    return interface.report(problems, f"{len(sources)} files below lib/ keep to their floor and to the host rule")


if __name__ == "__main__":
    sys.exit(main())
