"""Some linear algebra, statistics and optimisation."""

import numpy
from scipy import fft, integrate, interpolate, linalg, optimize, sparse, stats

random = numpy.random.default_rng(7)
matrix = numpy.arange(9.0).reshape(3, 3) + 5 * numpy.eye(3)
print(numpy.round(linalg.solve(matrix, numpy.ones(3)), 4).tolist())
print(round(float(linalg.det(matrix)), 3))
print(round(integrate.quad(numpy.sin, 0, numpy.pi)[0], 6))
print(numpy.round(optimize.minimize(lambda x: ((x - 3) ** 2).sum(), numpy.zeros(2)).x, 3).tolist())
print(round(float(interpolate.CubicSpline([0, 1, 2], [0, 1, 4])(1.5)), 4))
print(sparse.csr_matrix(numpy.eye(3)).nnz, abs(fft.fft(numpy.ones(8))).round(3).tolist()[:2])
print(round(float(stats.norm.cdf(1.96)), 4), bool(abs(random.normal(size=1000).mean()) < 0.2))
