import importlib.metadata
import inspect
import io
import pickle

import numpy

matrix = numpy.arange(9.0).reshape(3, 3) + 2 * numpy.eye(3)
print(numpy.linalg.solve(matrix, [1.0, 2.0, 3.0]).round(6).tolist())
print(numpy.abs(numpy.fft.fft([1, 0, 0, 0])).tolist())
print(numpy.random.Generator(numpy.random.PCG64(7)).integers(0, 100, 5).tolist())
stored = io.BytesIO()
numpy.savez(stored, matrix=matrix)
stored.seek(0)
print(numpy.array_equal(numpy.load(stored)["matrix"], matrix))
print(pickle.loads(pickle.dumps(matrix)).trace())
# Modules that numpy imports when an attribute is asked for.
print(numpy.polynomial.Polynomial([1, 2, 3])(2), numpy.ma.masked_less([1, 2, 3], 2).sum())
print(inspect.getsource(numpy.trapezoid).splitlines()[1])
print(importlib.metadata.version("numpy") == numpy.__version__)
