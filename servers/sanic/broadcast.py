"""The broadcast server of Python's `sanic`, at its defaults but for its log of connections.

The contract is in ../README.md."""

import os

from sanic import Sanic
from sanic.exceptions import WebsocketClosed
from sanic.log import websockets_logger

app = Sanic("broadcast")
# It would write a line for each connection that ends.
websockets_logger.setLevel("WARNING")
clients = set()


@app.websocket("/")
async def member(_request, websocket):
    clients.add(websocket)
    try:
        async for message in websocket:
            await send_to_all(message)
    finally:
        clients.discard(websocket)


async def send_to_all(message):
    # A copy, for clients come and go while one of them is waited for.
    for client in list(clients):
        try:
            await client.send(message)
        except WebsocketClosed:
            pass  # it is going


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), motd=False, access_log=False)
