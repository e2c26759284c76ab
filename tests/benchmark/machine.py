"""What the machine is, as lines of text."""

import os
import platform
from pathlib import Path

FEATURES = ["avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16",
            "asimd", "bf16", "sve", "i8mm", "hypervisor"]


def _cpuinfo():
    """The first processor's entries of /proc/cpuinfo."""
    entries = {}
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return entries
    for line in text.split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        entries[name.strip()] = value.strip()
    return entries


def _caches():
    texts = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((folder / name).read_text(encoding="utf-8").strip()
                                 for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            texts.append(f"L{level} {size}")
    return ", ".join(texts) or "the system does not say"


def processors():
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def load():
    """Mean number of programs that wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def describe():
    """One entry for each line of the report."""
    cpu = _cpuinfo()
    flags = (cpu.get("flags") or cpu.get("Features") or "").split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    name = cpu.get("model name") or platform.processor() or "unknown"
    if "cpu family" in cpu:
        name += f" (family {cpu['cpu family']}, model {cpu.get('model')})"
    return {
        "Processor": f"{name}, {platform.machine()}",
        "Processors": f"{processors()} of {os.cpu_count()} may be used",
        "Features": ", ".join(flag for flag in FEATURES if flag in flags),
        "Caches": _caches(),
        "Memory": f"{memory:.1f} GB",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }
