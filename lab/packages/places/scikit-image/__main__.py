import skimage
from skimage import data, filters
from skimage.feature import hog

# Its submodules are named in type stubs, which it reads.
picture = data.camera()
print(picture.shape, filters.threshold_otsu(picture), hog(picture[:64, :64]).shape)
print(dir(skimage)[:3])
