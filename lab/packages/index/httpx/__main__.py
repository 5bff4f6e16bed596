import asyncio
import importlib.metadata

import answers
import httpx


async def both(address):
    async with httpx.AsyncClient(base_url=address) as client:
        replies = await asyncio.gather(client.get("/one"), client.get("/two"))
        return [reply.json()["path"] for reply in replies]


with answers.server() as address:
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        print(client.get("/one", params={"n": 1}).json())
        print(client.get("/old").json()["path"])
    print(asyncio.run(both(address)))
teapot = httpx.MockTransport(lambda request: httpx.Response(418, text=request.url.path))
with httpx.Client(transport=teapot) as client:
    print(client.get("https://example.org/tea").text)
print(len(httpx.create_ssl_context().get_ca_certs()) > 100)
print(importlib.metadata.version("httpx") == httpx.__version__)
