import datetime
import importlib.metadata
import importlib.resources
import pickle
import zoneinfo

import tzdata

# Nothing of the system's: only what the package holds.
zoneinfo.reset_tzpath([])
berlin = zoneinfo.ZoneInfo("Europe/Berlin")
for month in (1, 7):
    print(datetime.datetime(2024, month, 1, tzinfo=berlin).isoformat())
utc = datetime.datetime(2024, 3, 31, 1, tzinfo=datetime.timezone.utc)
print(utc.astimezone(zoneinfo.ZoneInfo("America/Argentina/Buenos_Aires")), utc.astimezone(berlin))
print(pickle.loads(pickle.dumps(berlin)) is berlin)
print(len(zoneinfo.available_timezones()) > 400)
print("Europe/Berlin" in importlib.resources.files(tzdata).joinpath("zones").read_text())
try:
    zoneinfo.ZoneInfo("Europe/Nowhere")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(type(error).__name__)
print(importlib.metadata.version("tzdata") == tzdata.__version__)
