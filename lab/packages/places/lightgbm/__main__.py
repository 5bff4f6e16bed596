import lightgbm
import numpy

# Its library is opened by its path, with ctypes.
points = numpy.random.default_rng(0).normal(size=(200, 3))
is_right = points[:, 0] > 0
model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(points, is_right)
print((model.predict(points) == is_right).mean() > 0.9)
