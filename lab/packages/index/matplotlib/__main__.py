import importlib.metadata
import io

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plot

with plot.style.context("ggplot"):
    figure, axes = plot.subplots(figsize=(4, 3), dpi=100)
    axes.plot([0, 1, 2], [0, 1, 4], label="$x^2$")
    axes.set_title("Größe")
    axes.legend()
image = io.BytesIO()
figure.savefig(image, format="png")
written = image.getvalue()
print(written[:8], int.from_bytes(written[16:20], "big"), int.from_bytes(written[20:24], "big"))
# Not white alone: something was drawn.
print(len(plot.imread(io.BytesIO(written)).reshape(-1, 4).tolist()), len(set(written)) > 100)
for kind, start in [("svg", b"<?xml"), ("pdf", b"%PDF")]:
    page = io.BytesIO()
    figure.savefig(page, format=kind)
    print(kind, page.getvalue().startswith(start))
print("viridis" in matplotlib.colormaps, "DejaVu Sans" in matplotlib.font_manager.get_font_names())
print(importlib.metadata.version("matplotlib") == matplotlib.__version__)
