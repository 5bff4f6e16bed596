import rtree.index

# It looks for its library through its metadata and in folders, and opens it with ctypes.
index = rtree.index.Index()
for number in range(10):
    index.insert(number, (number, number, number + 1, number + 1))
print(sorted(index.intersection((2.5, 2.5, 4.5, 4.5))))
