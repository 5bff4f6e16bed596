import importlib.metadata
import urllib.parse

import boto3
from botocore.exceptions import ParamValidationError
from botocore.stub import Stubber

session = boto3.Session("key", "secret", region_name="eu-central-1")
storage = session.client("s3")
url = urllib.parse.urlsplit(
    storage.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a/b"}, ExpiresIn=60)
)
print(url.hostname, url.path, sorted(urllib.parse.parse_qs(url.query))[0])
with Stubber(storage) as stub:
    stub.add_response("list_buckets", {"Buckets": [{"Name": "one"}]})
    print([bucket["Name"] for bucket in storage.list_buckets()["Buckets"]])
try:
    storage.get_object(Bucket="bucket")
except ParamValidationError as error:
    print(str(error).splitlines()[-1])
table = session.resource("dynamodb").Table("animals")
print(table.table_name, session.get_available_resources()[:3], "lambda" in session.get_available_services())
print(storage.can_paginate("list_objects_v2"), session.client("ec2").meta.region_name)
print(importlib.metadata.version("boto3") == boto3.__version__)
