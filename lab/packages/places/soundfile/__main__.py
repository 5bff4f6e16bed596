import io

import numpy
import soundfile

# Its library lies in a package beside it, and is opened with cffi.
sound = io.BytesIO()
soundfile.write(sound, numpy.zeros(100), 8000, format="FLAC")
sound.seek(0)
print(soundfile.read(sound)[1], "FLAC" in soundfile.available_formats())
