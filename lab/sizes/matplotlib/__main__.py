"""A figure is drawn into a PNG."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4, 3))
axes.plot([0, 1, 2, 3], [0, 1, 4, 9], label="squares")
axes.bar([0, 1, 2, 3], [1, 2, 3, 4], alpha=0.5)
axes.set_title(r"$x^2$ and others")
axes.legend()
figure.savefig("figure.png", dpi=100)
image = plt.imread("figure.png")
with open("figure.png", "rb") as file:
    print(file.read(8))
print(image.shape, bool(image.min() < 0.5 < image.max()), matplotlib.get_backend().lower())
