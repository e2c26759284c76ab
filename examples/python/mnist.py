"""The reference experiment: noisy digits, a denoising autoencoder, a picture of what it does; the model is, byte for byte, that of
examples/mnist_denoise.c. FOLDER has the files of MNIST, or part of them; without it, the digits that come with libdae.

    python3 examples/python/mnist.py [FOLDER [EPOCHS]]
"""

import os
import sys

import dae

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
files = [os.path.join(folder, name + "-images-idx3-ubyte") for name in ("train", "t10k")]
train, test = (dae.Dataset.open(file if os.path.exists(file) else file + ".gz") for file in files)
recipe = dae.noise.gaussian(0.5, mean=0.5) | dae.noise.clip(0, 1)
noisy = train.corrupt(recipe, seed=1, mode="once").view("cache")
noisy_test = test.corrupt(recipe, seed=1 ^ 1 << 63, mode="once").view("cache")

model = dae.Model("input(784) | dense(128, activation=relu) | dense(784, activation=relu)", seed=1)
trainer = dae.Trainer(model, "adam(1e-3)", "mse", batch_size=256, seed=1, validation=noisy_test)
trainer.fit(noisy, int(sys.argv[2]) if len(sys.argv) > 2 else 50,
            on_epoch=lambda p: print("epoch %d: loss %.4f, PSNR of digits not trained on %.2f dB" % (p.epoch, p.loss, p.validation_psnr)))
model.save("denoiser.safetensors")
print(model.evaluate(noisy_test))

noisy_digits, clean_digits = noisy_test.read(0, 10)
rows = [dae.Dataset.from_array(row, 784).read()[0].tolist() for row in (noisy_digits, model.run(noisy_digits), clean_digits)]
with open("denoised.pgm", "wb") as picture:
    picture.write(b"P5 280 84 255\n" + bytes(int(255 * min(max(value, 0), 1)) for row in rows for line in range(0, 784, 28)
                                             for digit in row for value in digit[line:line + 28]))
print("denoised.pgm: ten digits with noise, what the model makes of them, and what they were; denoiser.safetensors: the model")
