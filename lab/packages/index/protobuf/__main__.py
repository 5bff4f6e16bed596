import importlib.metadata

import google.protobuf
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, text_format
from google.protobuf import struct_pb2, timestamp_pb2
from google.protobuf.internal import api_implementation

FIELD = descriptor_pb2.FieldDescriptorProto
file = descriptor_pb2.FileDescriptorProto(name="pets.proto", package="pets", syntax="proto3")
file.dependency.append("google/protobuf/timestamp.proto")
message = file.message_type.add(name="Pet")
message.field.add(name="name", number=1, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
message.field.add(name="weights", number=2, type=FIELD.TYPE_INT32, label=FIELD.LABEL_REPEATED)
message.field.add(
    name="born",
    number=3,
    type=FIELD.TYPE_MESSAGE,
    label=FIELD.LABEL_OPTIONAL,
    type_name=".google.protobuf.Timestamp",
)
pool = descriptor_pool.Default()
pool.Add(file)
Pet = message_factory.GetMessageClass(pool.FindMessageTypeByName("pets.Pet"))
pet = Pet(name="Mia", weights=[3, 4], born=timestamp_pb2.Timestamp(seconds=1_700_000_000))
print(pet.SerializeToString().hex())
print(Pet.FromString(pet.SerializeToString()) == pet)
print(json_format.MessageToJson(pet, indent=None))
print(text_format.MessageToString(pet, as_one_line=True))
anything = struct_pb2.Struct()
anything.update({"a": [1, None, "x"]})
print(json_format.MessageToDict(anything))
print(api_implementation.Type(), importlib.metadata.version("protobuf") == google.protobuf.__version__)
