import dataclasses
import datetime
import importlib.metadata
import uuid
import zoneinfo

import orjson


@dataclasses.dataclass
class Event:
    name: str
    at: datetime.datetime
    id: uuid.UUID


at = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
event = Event("Größe", at, uuid.UUID(int=7))
print(orjson.dumps(event, option=orjson.OPT_INDENT_2).decode())
print(orjson.loads(b'{"a": [1, 2.5, null, "\xc3\xb6"]}'))
print(orjson.dumps({2: {1, 3} & {3}}, default=list, option=orjson.OPT_NON_STR_KEYS))
try:
    orjson.loads("{")
except orjson.JSONDecodeError as error:
    print(type(error).__name__, error.pos)
print(importlib.metadata.version("orjson") == orjson.__version__)
