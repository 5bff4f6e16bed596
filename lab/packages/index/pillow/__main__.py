import importlib.metadata
import io

import PIL
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

image = Image.new("RGB", (64, 32), "navy")
draw = ImageDraw.Draw(image)
draw.ellipse((8, 4, 24, 28), fill="gold")
draw.text((30, 8), "Hi", font=ImageFont.load_default(14), fill="white")
for kind in ["PNG", "JPEG", "GIF", "WEBP", "TIFF"]:
    stored = io.BytesIO()
    image.save(stored, kind)
    with Image.open(io.BytesIO(stored.getvalue())) as read:
        print(read.format, read.size, read.convert("RGB").getpixel((16, 16))[0] > 200)
print(image.filter(ImageFilter.GaussianBlur(2)).resize((16, 8), Image.Resampling.LANCZOS).size)
print([features.check(feature) for feature in ("jpg", "zlib", "freetype2", "webp")])
print(importlib.metadata.version("pillow") == PIL.__version__)
