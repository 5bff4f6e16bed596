import datetime
import importlib.metadata
import inspect
import pickle
from typing import Annotated, Literal

import pydantic
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator


class Pet(BaseModel):
    """A pet, and what it is called."""

    kind: Literal["cat", "dog"]
    name: str
    born: datetime.date
    weight: Annotated[float, Field(gt=0)] = 1.0

    @field_validator("name")
    @classmethod
    def is_titled(cls, name):
        if not name.istitle():
            raise ValueError("a name begins with a capital letter")
        return name


pet = Pet.model_validate_json('{"kind": "cat", "name": "Mia", "born": "2020-02-29"}')
print(pet)
print(pickle.loads(pickle.dumps(pet)) == pet, pet.model_dump_json())
try:
    Pet(kind="cow", name="bessy", born="yesterday", weight=0)
except ValidationError as error:
    for wrong in error.errors():
        print(*wrong["loc"], wrong["type"])
print(TypeAdapter(dict[str, list[int]]).validate_python({"a": ["1", 2]}))
print(sorted(Pet.model_json_schema()["properties"]))
print(inspect.getsource(Pet.is_titled).strip().splitlines()[-1].strip())
print(importlib.metadata.version("pydantic") == pydantic.VERSION)
