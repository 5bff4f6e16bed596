import datetime
import importlib.metadata
import io
import pickle

import polars

frame = polars.DataFrame({
    "name": ["a", "b", "a"],
    "value": [1, 2, 3],
    "day": [datetime.date(2024, 2, day) for day in (27, 28, 29)],
})
print(frame.group_by("name").agg(polars.col("value").sum()).sort("name").to_dicts())
print(frame.lazy().filter(polars.col("value") > 1).select(polars.col("day").dt.weekday()).collect().to_series().to_list())
print(polars.SQLContext(frame=frame).execute("SELECT max(value) AS most FROM frame").collect().item())
stored = io.BytesIO()
frame.write_parquet(stored)
stored.seek(0)
print(polars.read_parquet(stored).equals(frame), pickle.loads(pickle.dumps(frame)).equals(frame))
print(polars.read_csv(io.StringIO("x,y\n1,2.5\n")).schema)
print(frame.with_columns(polars.col("value").map_elements(lambda value: value * 2, return_dtype=polars.Int64)))
print(importlib.metadata.version("polars") == polars.__version__)
