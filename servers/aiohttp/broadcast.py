"""The broadcast server of Python's `aiohttp`, at its defaults. The contract is in ../README.md."""

import os

from aiohttp import WSMsgType, web

clients = set()


async def member(request):
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    clients.add(websocket)
    try:
        async for message in websocket:
            await send_to_all(message)
    finally:
        clients.discard(websocket)
    return websocket


async def send_to_all(message):
    # A copy, for clients come and go while one of them is waited for.
    for client in list(clients):
        try:
            if message.type == WSMsgType.TEXT:
                await client.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await client.send_bytes(message.data)
        except ConnectionResetError:
            pass  # it is going


app = web.Application()
app.router.add_get("/", member)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
