import importlib.metadata

import jsonschema
import referencing
from referencing.jsonschema import DRAFT202012

schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"$ref": "urn:age"}},
    "required": ["name"],
}
registry = referencing.Registry().with_resource(
    "urn:age", DRAFT202012.create_resource({"type": "integer", "minimum": 0})
)
validator = jsonschema.Draft202012Validator(schema, registry=registry)
for error in sorted(validator.iter_errors({"age": -1}), key=str):
    print(list(error.path), error.message)
# The meta schemas are files that are looked for in the package.
for draft in (jsonschema.Draft4Validator, jsonschema.Draft7Validator, jsonschema.Draft202012Validator):
    try:
        draft.check_schema({"type": "nonsense"})
    except jsonschema.SchemaError as error:
        print(draft.__name__, error.validator)
from jsonschema_specifications import REGISTRY

print(len(REGISTRY) > 15, importlib.metadata.metadata("jsonschema")["Name"])
