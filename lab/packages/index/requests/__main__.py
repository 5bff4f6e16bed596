import importlib.metadata
import os
import pickle

import answers
import requests

with answers.server() as address:
    with requests.Session() as session:
        print(session.get(f"{address}/one", params={"n": 1}).json())
        print(session.post(address, data={"key": "value"}).json())
        moved = session.get(f"{address}/old")
        print(moved.status_code, [answer.status_code for answer in moved.history], moved.json()["path"])
        print(pickle.loads(pickle.dumps(moved)).json() == moved.json())
        # A secure connection reads the certificates first; that nobody speaks TLS there, it finds later.
        try:
            session.get(address.replace("http:", "https:"))
        except requests.exceptions.SSLError as error:
            print("SSLError", "CERTIFICATE" not in str(error))
print(os.path.getsize(requests.certs.where()) > 100_000)
print(importlib.metadata.version("requests") == requests.__version__)
