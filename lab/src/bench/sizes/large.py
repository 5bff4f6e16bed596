"""Makes a distribution of large files; the arguments are the folder for packages and the bytes of all files together."""

import pathlib
import random
import sys

SIZES = (600_000_000, 60_000_000, 1_000_000)
BLOCK = 1_000_000

folder, left = pathlib.Path(sys.argv[1]), int(sys.argv[2])
package = folder / "weights"
package.mkdir(parents=True, exist_ok=True)
(package / "__init__.py").write_text(
    "from importlib.resources import files\n\n\n"
    "def names():\n"
    "    return sorted(file.name for file in files(__name__).iterdir() if file.name.endswith('.bin'))\n"
)
metadata = folder / "weights-1.0.dist-info"
metadata.mkdir(exist_ok=True)
(metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: weights\nVersion: 1.0\n")
(metadata / "INSTALLER").write_text("none\n")
names = ["weights/__init__.py", "weights-1.0.dist-info/METADATA", "weights-1.0.dist-info/RECORD"]
# Nothing in it may be found twice, or be made smaller: a packer is to have all of it in its hands.
noise = random.Random(7)
number = 0
while left > 0:
    size = min(SIZES[number % len(SIZES)], left)
    name = f"weights/part-{number:02}.bin"
    with open(folder / name, "wb") as file:
        for start in range(0, size, BLOCK):
            file.write(noise.randbytes(min(BLOCK, size - start)))
    names.append(name)
    left -= size
    number += 1
(metadata / "RECORD").write_text("".join(f"{name},,\n" for name in names))
