"""A small U-Net, from constructors: what it learns in a few steps, and that it is what the same calls of C learn
(tests/python/unet_twin.c). python3 examples/python/unet.py [FILE]
"""

import os
import sys
import zlib

import dae
from dae import layer, noise

path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "data", "train-images-idx3-ubyte.gz")
noisy = dae.Dataset.open(path).slice(0, 64).corrupt(noise.gaussian(0.3) | noise.clip(0, 1), seed=1)

net = layer.input(1, 28, 28) | layer.conv2d(8, 3, activation="relu").named("fine") | layer.max_pool(2)
net |= layer.conv2d(16, 3, activation="relu") | layer.conv2d_transpose(8, 2, stride=2, activation="relu")
net |= layer.concatenate("fine") | layer.conv2d(1, 3)
model = dae.Model(net, seed=1)
print(model.format())

trainer = dae.Trainer(model, dae.optimizer.adamw(1e-2), dae.objective.huber(0.1))
for step in range(8):
    loss = trainer.step(*noisy.read(first=8 * step, count=8))
    print("step %d: loss %.17g, parameters %08x" % (step, loss, zlib.crc32(model.parameters)))
print("output %08x, file %08x" % (zlib.crc32(model.run(noisy.read(0, 8)[0])), zlib.crc32(model.to_bytes())))
