import importlib.resources
import os
import tempfile

import grpc_tools.protoc

# C++ code reads the folder beside the package.
beside = str(importlib.resources.files("grpc_tools") / "_proto")
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "visit.proto"), "w") as file:
        file.write('syntax = "proto3"; import "google/protobuf/timestamp.proto"; message Visit { google.protobuf.Timestamp at = 1; }')
    print(grpc_tools.protoc.main(["protoc", f"-I{folder}", f"-I{beside}", f"--python_out={folder}", "visit.proto"]))
    print(sorted(os.listdir(folder)))
