"""The echo server of Python's `websockets`, a thread a connection, at its defaults.

The contract is in ../README.md."""

import os

import websockets
from websockets.sync.server import serve


def echo(websocket):
    try:
        for message in websocket:
            websocket.send(message)
    except websockets.ConnectionClosed:
        pass  # clients come and go


with serve(echo, "127.0.0.1", int(os.environ["PORT"])) as server:
    server.serve_forever()
