import dataclasses
import importlib.metadata

import yaml

TEXT = """
base: &base {retries: 3, tags: [a, b]}
service:
  <<: *base
  started: 2024-02-29
  note: |
    two
    lines
"""


@dataclasses.dataclass
class Point:
    x: int
    y: int


print(yaml.safe_load(TEXT))
print(yaml.load(TEXT, Loader=yaml.CSafeLoader) == yaml.safe_load(TEXT), yaml.__with_libyaml__)
print(yaml.safe_dump({"ö": [1, 2.5, None, True], "nested": {"b": 1, "a": 2}}, allow_unicode=True))
# An object goes by the name of its class in the main module.
written = yaml.dump(Point(1, 2))
print(written.strip().splitlines()[0], yaml.unsafe_load(written))
try:
    yaml.safe_load("a: [1, 2")
except yaml.YAMLError as error:
    print(type(error).__name__, error.problem_mark.line)
print(importlib.metadata.version("pyyaml") == yaml.__version__)
