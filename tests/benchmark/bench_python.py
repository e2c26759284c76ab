#!/usr/bin/env python3
"""What calls from Python cost beyond those of C, and what importing the package costs.

    LIBDAE=build/lib/libdae.so.0 PYTHONPATH=examples/python python3 tests/benchmark/bench_python.py

A call of C is one of ctypes with everything prepared, which takes less than a microsecond more than from C. Each figure is the
least of many.
"""

import os
import resource
import subprocess
import sys
import time

import dae

BATCH, ROUNDS, CALLS = 256, 30, 20


def least(functions):
    """Of each function, in microseconds. They take turns, but not call by call: each has its arrays in the caches."""
    times = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, found in zip(functions, times):
            for _ in range(CALLS):
                start = time.perf_counter()
                function()
                found.append(time.perf_counter() - start)
    return [1e6 * min(found) for found in times]


def processor_time(code):
    """Of a new interpreter, in seconds."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(30):
        before = used()
        subprocess.run([sys.executable, "-S", "-c", code], check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
        times.append(used() - before)
    return 1e3 * min(times)


def main():
    dae.set_num_threads(1)
    model = dae.Model("input(784) | dense(128, activation=relu) | dense(784, activation=sigmoid)", seed=1)
    session, digits = dae.Session(model, BATCH), dae.Rng(1).uniform((BATCH, 784))
    outputs = session.run(digits)
    function, values = dae.load().dae_session_run, dae._arrays.borrow(digits)[0]
    room = dae._arrays.borrow(outputs)[0]
    handle = session._as_parameter_
    bare, given, made = least([lambda: function(handle, values, BATCH, room), lambda: session.run(digits, outputs),
                               lambda: session.run(digits)])
    print("a batch of %d digits: C %.0f us" % (BATCH, bare))
    for name, time_of in (("run(digits, outputs)", given), ("run(digits)", made)):
        print("  %-22s %.0f us, %+.1f %%" % (name, time_of, 100 * (time_of / bare - 1)))
    print("import: python3 -c pass %.1f ms, import dae %+.1f ms, with the library %+.1f ms" % (
        processor_time("pass"), processor_time("import dae") - processor_time("pass"),
        processor_time("import dae; dae.load()") - processor_time("pass")))


if __name__ == "__main__":
    main()
