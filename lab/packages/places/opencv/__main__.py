import cv2
import numpy

# Its package takes itself out of `sys.modules` and imports its own name again, to get the extension module in its folder.
image = numpy.zeros((10, 10, 3), "uint8")
cv2.circle(image, (5, 5), 3, (255, 0, 0), -1)
print(image.sum(), cv2.imencode(".png", image)[0], cv2.utils.__name__)
print(cv2.data.haarcascades.endswith("data/"))
