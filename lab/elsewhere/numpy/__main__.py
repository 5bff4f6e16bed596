"""numpy: linear algebra, which is a library that the wheel brings."""

import numpy

matrix = numpy.array([[2.0, 0.0], [0.0, 4.0]])
assert numpy.linalg.inv(matrix)[1, 1] == 0.25
assert numpy.random.default_rng(1).integers(10, size=4).shape == (4,)
print("ok inverse")
