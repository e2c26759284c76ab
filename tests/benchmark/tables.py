"""The results of compare.py as Markdown."""

from statistics import median

NOTHING = "-"


def select(records, **wanted):
    """Records that have these values."""
    return [record for record in records
            if all(record.get(name) == value for name, value in wanted.items())]


def distinct(records, *names):
    """The combinations of values that occur, in the order in which they first do."""
    return list(dict.fromkeys(tuple(record.get(name) for name in names) for record in records))


def by_round(records, name):
    return {record["round"]: record[name] for record in records}


def middle(records, name, form="{:.3g}"):
    """Median over rounds."""
    return form.format(median(record[name] for record in records)) if records else NOTHING


def round_ratios(above, below):
    """above / below for each round that has both."""
    return [above[number] / below[number] for number in above if number in below]


def spread(ratios, form="{:.2f}"):
    """Median of the ratios, and their range when there are several."""
    if not ratios:
        return NOTHING
    text = form.format(median(ratios))
    if len(ratios) > 1:
        text += f" ({form.format(min(ratios))} - {form.format(max(ratios))})"
    return text


def table(head, rows):
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def best_of_pytorch(records):
    """The records of that setting of the environment which has the least median."""
    groups = [select(records, settings=settings) for settings, in distinct(records, "settings")]
    return min(groups, key=lambda group: median(record["median_seconds"] for record in group), default=[])


def peak_shares(group, peaks):
    """Share of the FMA peak that was measured in the same round, in each round's best epoch."""
    shares = []
    for record in group:
        peak = select(peaks, round=record["round"], threads=record["threads"])
        if peak:
            shares.append(record["gflop_per_epoch"] / record["min_seconds"] / peak[0]["gflops"])
    return shares


def training_row(group, peaks, bases):
    """A line for one contender; `bases` are the groups that it is set against."""
    first = group[0]
    times = by_round(group, "median_seconds")
    least = min(record["min_seconds"] for record in group)
    row = [first["threads"], first["library"], first["precision"], first["settings"] or NOTHING,
           f"{least:.3f}", middle(group, "median_seconds", "{:.3f}")]
    row += [spread(round_ratios(by_round(base, "median_seconds"), times)) for base in bases]
    shares = peak_shares(group, peaks)
    row += [f"{first['gflop_per_epoch'] / least:.0f}",
            f"{100 * median(shares):.0f} %" if shares else NOTHING]
    row += [middle(group, name, form) for name, form in (
        ("peak_rss_mb", "{:.0f}"), ("open_seconds", "{:.3f}"), ("first_batch_seconds", "{:.2f}"),
        ("cpus_used", "{:.2f}"), ("test_mse", "{:.4f}"))]
    return row


def training_rows(records, peaks):
    rows = []
    for threads, in distinct(records, "threads"):
        here = select(records, threads=threads)
        plain = best_of_pytorch(select(here, library="pytorch", precision="float32"))
        for library, precision, settings in distinct(here, "library", "precision", "settings"):
            group = select(here, library=library, precision=precision, settings=settings)
            same = best_of_pytorch(select(here, library="pytorch", precision=precision))
            rows.append(training_row(group, peaks, [plain, same]))
    return rows


def training(records):
    peaks = select(records, benchmark="peak")
    records = select(records, benchmark="train")
    head = ["threads", "library", "precision", "settings", "s/epoch min", "median",
            "times faster than PyTorch float32", "than PyTorch, same precision", "GFLOP/s", "of FMA peak",
            "RSS MB", "open s", "start to first batch s", "CPUs used", "test MSE"]
    text = ""
    for hidden, noise in distinct(records, "hidden", "noise"):
        here = select(records, hidden=hidden, noise=noise)
        first = here[0]
        text += (f"\n### Training 784-{hidden}-784, noise {noise}\n\n{first['samples']} images, batch "
                 f"{first['batch']}, {first['epochs']} epochs a run, "
                 f"{len(distinct(here, 'round'))} rounds.\n\n")
        text += table(head, training_rows(here, peaks))
    return text


def fresh_noise(records):
    """What drawing noise in every epoch adds to one."""
    records, rows = select(records, benchmark="train"), []
    for key in distinct(records, "hidden", "threads", "library", "precision", "settings"):
        group = select(records, **dict(zip(("hidden", "threads", "library", "precision", "settings"), key)))
        times = [by_round(select(group, noise=noise), "median_seconds") for noise in ("fresh", "once")]
        added = [100 * (ratio - 1) for ratio in round_ratios(*times)]
        if added:
            rows.append([*key[:4], key[4] or NOTHING, spread(added, "{:+.0f} %")])
    head = ["hidden", "threads", "library", "precision", "settings", "fresh noise adds to an epoch"]
    return "\n### Fresh noise\n\n" + table(head, rows) if rows else ""


def growth(records):
    """Whether late epochs take longer than early ones: last quarter of the epochs against the first."""
    rows = []
    records = [record for record in select(records, benchmark="train") if len(record["epoch_seconds"]) >= 8]
    for key in distinct(records, "hidden", "noise", "threads", "library", "precision", "settings"):
        names = ("hidden", "noise", "threads", "library", "precision", "settings")
        ratios = []
        for record in select(records, **dict(zip(names, key))):
            seconds = record["epoch_seconds"]
            quarter = len(seconds) // 4
            ratios.append(median(seconds[-quarter:]) / median(seconds[:quarter]))
        rows.append([*key[:5], key[5] or NOTHING, spread(ratios)])
    head = ["hidden", "noise", "threads", "library", "precision", "settings", "last quarter / first quarter"]
    return "\n### Late epochs\n\n" + table(head, rows) if rows else ""


def inference(records):
    records, rows = select(records, benchmark="infer"), []
    for hidden, library, precision, way in distinct(records, "hidden", "library", "precision", "way"):
        group = select(records, hidden=hidden, library=library, precision=precision, way=way)
        row = [hidden, library, precision, way]
        row += [middle(group, "latency_median_us", "{:.2f}"), middle(group, "latency_p99_us", "{:.2f}")]
        if library == "libdae":
            reading = [record["latency_median_us"] / record["weights_read_us"] for record in group]
            row += [spread(reading), NOTHING, middle(group, "images_per_second", "{:.0f}"), NOTHING]
        else:
            own = select(records, hidden=hidden, library="libdae", precision=precision, way="session")
            row += [NOTHING]
            row += [spread(round_ratios(by_round(group, "latency_median_us"),
                                        by_round(own, "latency_median_us")))]
            row += [middle(group, "images_per_second", "{:.0f}")]
            row += [spread(round_ratios(by_round(own, "images_per_second"),
                                        by_round(group, "images_per_second")))]
        rows.append(row)
    head = ["hidden", "library", "precision", "way", "batch 1 median us", "99th percentile us",
            "of reading the weights", "libdae is faster, batch 1", "batch 256 images/s",
            "libdae is faster, batch 256"]
    return "\n### Inference, one thread\n\n" + table(head, rows) if rows else ""


def best_group(records, name):
    """Of the ways and settings that records were taken with, those of the one whose median is the least."""
    records = [record for record in records if name in record]
    groups = [select(records, way=way, settings=settings)
              for way, settings in distinct(records, "way", "settings")]
    return min(groups, key=lambda group: median(record[name] for record in group), default=[])


def manner(group):
    """How the records of a group were taken."""
    return ", ".join(filter(None, (group[0].get("way"), group[0].get("settings")))) if group else NOTHING


def least_and_middle(group, name, form, factor=1):
    """Two cells: the least of all, and the median over rounds of the medians."""
    if not group:
        return [NOTHING] * 2
    return [form.format(factor * min(record[name.format("min")] for record in group)),
            form.format(factor * median(record[name.format("median")] for record in group))]


def times_faster(own, other, name):
    return spread(round_ratios(by_round(other, name), by_round(own, name)))


def network_training(records):
    """A training step of each network; an epoch of those that train on a set."""
    rows, epochs = [], []
    for name, threads in distinct(records, "network", "threads"):
        own, other = (best_group(select(records, network=name, threads=threads, library=library),
                                 "step_median_ms") for library in ("libdae", "pytorch"))
        peaks = by_round(own, "peak_gflops")
        shares = [[100 * record["gflop_per_step"] / record["step_min_ms"] * 1e3 / record["peak_gflops"]
                   for record in own],
                  [100 * own[0]["gflop_per_step"] / record["step_min_ms"] * 1e3 / peaks[record["round"]]
                   for record in other]]
        shares = [f"{median(share):.0f} %" if share else NOTHING for share in shares]
        times = [least_and_middle(group, "step_{}_ms", "{:.2f}") for group in (own, other)]
        rows.append([name, threads, f"{own[0]['gflop_per_step']:.2f}", *times[0], shares[0], *times[1],
                     shares[1], manner(other), times_faster(own, other, "step_median_ms")])
        steps = own[0]["samples"] / own[0]["batch"]
        if steps > 1:
            epochs.append([name, threads, own[0]["samples"],
                           *(cell for group in (own, other)
                             for cell in least_and_middle(group, "step_{}_ms", "{:.3f}", 1e-3 * steps))])
    head = ["network", "threads", "GFLOP", "libdae min ms", "median ms", "of FMA peak", "PyTorch min ms",
            "median ms", "of FMA peak", "its best setting", "times faster"]
    text = "\n### Networks: a training step\n\n" + table(head, rows)
    head = ["network", "threads", "samples", "libdae min s", "median s", "PyTorch min s", "median s"]
    return text + ("\n### Networks: an epoch\n\n" + table(head, epochs) if epochs else "")


def network_inference(records):
    """Running a batch with each number of threads, and one sample with one."""
    text = ""
    for title, name, form in (("a batch, ms", "batch_{}_ms", "{:.2f}"),
                              ("one sample, one thread, us", "sample_{}_us", "{:.1f}")):
        rows, chosen = [], name.format("median")
        for network, threads in distinct([record for record in records if chosen in record],
                                         "network", "threads"):
            here = select(records, network=network, threads=threads)
            own, *others = (best_group(select(here, library=library), chosen)
                            for library in ("libdae", "pytorch", "onnxruntime"))
            row = [network, threads, *least_and_middle(own, name, form)]
            for other in others:
                row += [*least_and_middle(other, name, form), manner(other), times_faster(own, other, chosen)]
            rows.append(row)
        head = ["network", "threads", "libdae min", "median"]
        for peer in ("PyTorch", "ONNX Runtime"):
            head += [f"{peer} min", "median", "its best setting", "libdae is faster"]
        text += f"\n### Networks: running {title}\n\n" + table(head, rows)
    return text


def networks(records):
    records = select(records, benchmark="network")
    return network_training(records) + network_inference(records) if records else ""


def noise(records):
    records, rows = select(records, benchmark="noise"), []
    for kind, in distinct(select(records, library="libdae"), "kind"):
        own = select(records, library="libdae", kind=kind)
        other = select(records, library="pytorch", kind=kind)
        ratios = round_ratios(by_round(own, "values_per_second"), by_round(other, "values_per_second"))
        million = [[{"value": record["values_per_second"] / 1e6} for record in group]
                   for group in (own, other)]
        rows.append([kind, *(middle(group, "value", "{:.0f}") for group in million), spread(ratios)])
    head = ["kind", "libdae, million values/s", "PyTorch, million values/s", "times faster"]
    return "\n### Noise, one thread, in cache\n\n" + table(head, rows) if rows else ""


def loading(records):
    records = select(records, benchmark="load")
    rows = []
    for kind, in distinct(records, "kind"):
        group = select(records, kind=kind)
        rows.append([kind, group[0]["samples"],
                     *(middle(group, name, "{:.3f}") for name in
                       ("first_seconds", "min_seconds", "median_seconds"))])
    head = ["file", "images", "first time s", "min s", "median s"]
    return "\n### Opening a file\n\n" + table(head, rows) if rows else ""


def peaks_table(records):
    records = select(records, benchmark="peak")
    rows = [[threads, instructions,
             spread([record["gflops"] for record in select(records, threads=threads)], "{:.0f}")]
            for threads, instructions in distinct(records, "threads", "instructions")]
    head = ["threads", "instructions", "GFLOP/s"]
    return "\n### Measured float32 FMA peak\n\n" + table(head, rows)


def heading(study):
    lines = [f"- {name}: {text}" for name, text in study["machine"].items()]
    lines += [f"- {library}: {text}" for library, text in study["libraries"].items()]
    lines += [f"- Load average before and after: {study['load_before']}, {study['load_after']}",
              f"- Date: {study['date']}"]
    text = "## Machine\n\n" + "\n".join(lines) + "\n"
    if study["load_before"] > 0.5:
        text += "\n**Other programs were running when this began: the figures are worth little.**\n"
    return text


def report(study):
    """All tables."""
    records = study["records"]
    text = heading(study) + peaks_table(records)
    for part in (networks, training, fresh_noise, growth, inference, noise, loading):
        text += part(records)
    commands = "\n".join(study["commands"])
    return f"{text}\n## Commands\n\n```\n{commands}\n```"
