import importlib.metadata

import numpy
import scipy
from scipy import integrate, interpolate, linalg, optimize, signal, sparse, spatial, special, stats
from scipy.sparse import linalg as sparse_linalg

print(round(integrate.quad(lambda x: x**2, 0, 3)[0], 9))
print(optimize.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0]).x.round(3).tolist())
print(linalg.expm(numpy.zeros((2, 2))).tolist())
print(sparse_linalg.spsolve(sparse.csc_matrix([[2.0, 0.0], [0.0, 4.0]]), [2.0, 2.0]).tolist())
print(spatial.KDTree([[0, 0], [1, 1], [5, 5]]).query([4, 4])[1])
print(round(special.gamma(5), 6), round(stats.norm.cdf(1.96), 4))
print(signal.convolve([1, 2, 3], [0, 1]).tolist(), float(interpolate.CubicSpline([0, 1, 2], [0, 1, 4])(1.5)))
print(importlib.metadata.version("scipy") == scipy.__version__)
