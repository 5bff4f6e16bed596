import importlib.metadata
from typing import Annotated

import fastapi
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.testclient import TestClient
from pydantic import BaseModel

application = FastAPI(title="Pets")


class Pet(BaseModel):
    name: str
    legs: int = 4


def limit(limit: int = 10):
    return limit


@application.get("/pets/{number}")
def pet(number: int, limit: Annotated[int, Depends(limit)]) -> Pet:
    if number > limit:
        raise HTTPException(404, "no such pet")
    return Pet(name=f"pet {number}")


@application.post("/pets", status_code=201)
async def add(pet: Pet):
    return pet.legs * 2


@application.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text((await socket.receive_text()).upper())
    await socket.close()


with TestClient(application) as client:
    print(client.get("/pets/3").json(), client.get("/pets/30").status_code)
    print(client.post("/pets", json={"name": "Mia"}).json())
    print([wrong["type"] for wrong in client.post("/pets", json={"legs": "x"}).json()["detail"]])
    with client.websocket_connect("/echo") as socket:
        socket.send_text("hello")
        print(socket.receive_text())
    described = client.get("/openapi.json").json()
    print(described["info"]["title"], sorted(described["paths"]), "swagger" in client.get("/docs").text)
print(importlib.metadata.version("fastapi") == fastapi.__version__)
