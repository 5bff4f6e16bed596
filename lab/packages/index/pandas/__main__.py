import importlib.resources
import io
import pickle

import figures
import pandas

with importlib.resources.files(figures).joinpath("rivers.csv").open() as lines:
    rivers = pandas.read_csv(lines)
lengths = rivers.groupby("country")["length"].agg(["count", "sum"]).sort_index()
print(lengths.to_string())
print(pickle.loads(pickle.dumps(rivers)).equals(rivers))
print(rivers.head(2).to_json(orient="records"))
times = pandas.to_datetime(["2024-03-31 00:30", "2024-03-31 01:30"]).tz_localize("UTC")
print([str(time) for time in times.tz_convert("Europe/Berlin")])
print(pandas.Series([1.0, None, 3.0]).interpolate().rolling(2).mean().tolist())
written = io.StringIO()
rivers.pivot_table(index="country", values="length", aggfunc="max").to_csv(written)
print(written.getvalue().split())
try:
    rivers.loc["nowhere"]
except KeyError as error:
    print("KeyError", error)
