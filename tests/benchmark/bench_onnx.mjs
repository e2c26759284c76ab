/* The networks of bench_network.c in ONNX Runtime, from files that bench_torch.py has written. Prints the
 * same lines of JSON.
 *
 * usage: node bench_onnx.mjs network --node-modules DIR --models DIR --network NAME --batch N --threads N
 *                                    --repeats N
 *        node bench_onnx.mjs describe --node-modules DIR
 *
 * Ends with code 77 when DIR has no onnxruntime-node. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const SKIPPED = 77, WARM_UP = 2, SINGLE_FACTOR = 10;

function say(values) {
    console.log(JSON.stringify(values));
}

function parseOptions(words) {
    const options = {};
    for (let i = 0; i + 1 < words.length; i += 2)
        options[words[i].replace(/^--/, '')] = words[i + 1];
    return options;
}

function quantile(ordered, share) {
    const place = share * (ordered.length - 1), below = Math.floor(place);
    const above = Math.min(below + 1, ordered.length - 1);
    return ordered[below] + (place - below) * (ordered[above] - ordered[below]);
}

function makeTensor(ort, shape, fill) {
    const values = new Float32Array(shape.reduce((size, side) => size * side, 1));
    return new ort.Tensor('float32', fill ? values.map(Math.random) : values, shape);
}

/* Sorted seconds of running a file's network; outputs go where the caller has room, as in libdae. */
async function timeRuns(ort, file, threads, repeats) {
    const session = await ort.InferenceSession.create(file, {
        intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all',
        extra: { session: { set_denormal_as_zero: '1' } } });
    const inputs = { input: makeTensor(ort, session.inputMetadata[0].shape, true) };
    const outputs = { output: makeTensor(ort, session.outputMetadata[0].shape, false) };
    const seconds = [];
    for (let i = 0; i < repeats + WARM_UP; i++) {
        const began = process.hrtime.bigint();
        await session.run(inputs, outputs);
        if (i >= WARM_UP)
            seconds.push(1e-9 * Number(process.hrtime.bigint() - began));
    }
    await session.release();
    return seconds.sort((a, b) => a - b);
}

/* One record for the network as it is, and one as pictures one line high where there are such files. */
async function measure(ort, options) {
    const threads = Number(options.threads) || os.availableParallelism();
    const repeats = 2 * Number(options.repeats);
    for (const [way, suffix] of [['as it is', ''], ['one line high', '-flat']]) {
        const file = count => path.join(options.models, `${options.network}-${count}${suffix}.onnx`);
        if (!fs.existsSync(file(1)))
            continue;
        const batch = await timeRuns(ort, file(options.batch), threads, repeats);
        const record = {
            event: 'summary', benchmark: 'network', library: 'onnxruntime', network: options.network, way,
            threads, batch: Number(options.batch),
            batch_min_ms: 1e3 * batch[0], batch_median_ms: 1e3 * quantile(batch, 0.5) };
        if (threads === 1) {
            const single = await timeRuns(ort, file(1), 1, SINGLE_FACTOR * repeats);
            record.sample_min_us = 1e6 * single[0];
            record.sample_median_us = 1e6 * quantile(single, 0.5);
        }
        say(record);
    }
}

const [command, ...words] = process.argv.slice(2);
const options = parseOptions(words);
let ort;
try {
    ort = createRequire(import.meta.url)(path.resolve(options['node-modules'], 'onnxruntime-node'));
} catch (error) {
    say({ event: 'skipped', library: 'onnxruntime', reason: error.message.split('\n')[0] });
    process.exit(SKIPPED);
}
if (command === 'describe')
    say({ event: 'summary', benchmark: 'describe',
          runtime: `ONNX Runtime ${ort.env.versions.node}, node ${process.versions.node}` });
else
    await measure(ort, options);
