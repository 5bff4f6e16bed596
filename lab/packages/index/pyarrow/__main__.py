import importlib.metadata
import io
import pickle

import pyarrow
from pyarrow import compute, csv, dataset, ipc, parquet

table = pyarrow.table({"name": ["a", "b", "a"], "value": [1, 2, 3]})
print(table.group_by("name").aggregate([("value", "sum")]).sort_by("name").to_pydict())
print(compute.mean(table["value"]), compute.utf8_upper(table["name"]).to_pylist())
for compression in ["snappy", "zstd"]:
    stored = pyarrow.BufferOutputStream()
    parquet.write_table(table, stored, compression=compression)
    print(compression, parquet.read_table(pyarrow.BufferReader(stored.getvalue())).equals(table))
stream = io.BytesIO()
with ipc.new_stream(stream, table.schema) as writer:
    writer.write_table(table)
print(ipc.open_stream(stream.getvalue()).read_all().num_rows)
print(csv.read_csv(io.BytesIO(b"x,y\n1,2.5\n")).schema.to_string().split())
print(dataset.dataset(table).to_table(filter=dataset.field("value") > 1).num_rows)
print(pickle.loads(pickle.dumps(table)).equals(table))
print(importlib.metadata.version("pyarrow") == pyarrow.__version__)
