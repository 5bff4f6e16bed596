"""Pillow: a picture through each codec whose library the wheel brings."""

import io

from PIL import Image, ImageDraw, ImageFont

picture = Image.new("RGB", (40, 40), "white")
ImageDraw.Draw(picture).text((2, 2), "x", fill="black", font=ImageFont.load_default(20))
for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
    file = io.BytesIO()
    picture.save(file, kind)
    assert Image.open(io.BytesIO(file.getvalue())).convert("RGB").size == (40, 40)
    print(f"ok {kind}")
