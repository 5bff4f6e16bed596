"""A service in a thread, asked once for each of its answers."""

import json
import threading
import time
import urllib.error
import urllib.request

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

application = FastAPI(title="Pets")


class Pet(BaseModel):
    name: str
    legs: int = 4


@application.get("/pets/{number}")
def pet(number: int, upper: bool = False) -> Pet:
    if number > 9:
        raise HTTPException(404, "no such pet")
    name = f"pet {number}"
    return Pet(name=name.upper() if upper else name)


@application.post("/pets", status_code=201)
async def add(pet: Pet) -> int:
    return pet.legs * 2


def ask(path, value=None):
    data = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error"))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    time.sleep(0.01)
address = "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1]
print(*ask("/pets/3?upper=true"))
print(*ask("/pets/30"))
print(*ask("/pets", {"name": "Mia"}))
status, wrong = ask("/pets", {"legs": "x"})
print(status, [fault["type"] for fault in wrong["detail"]])
print(ask("/openapi.json")[1]["info"]["title"])
server.should_exit = True
thread.join()
