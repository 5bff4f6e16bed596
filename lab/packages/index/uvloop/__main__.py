import asyncio
import importlib.metadata
import sys

import uvloop


async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def main():
    print(type(asyncio.get_running_loop()).__module__)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        print(await reader.read())
        writer.close()
    process = await asyncio.create_subprocess_exec("sh", "-c", "echo $0", stdout=asyncio.subprocess.PIPE)
    print((await process.communicate())[0])
    print(await asyncio.to_thread(sum, [1, 2, 3]))
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.01)
    except asyncio.TimeoutError:
        print("TimeoutError")


if sys.version_info >= (3, 11):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
else:
    uvloop.install()
    asyncio.run(main())
print(importlib.metadata.version("uvloop") == uvloop.__version__)
