"""The echo server of Python's `autobahn` on asyncio, at its defaults.

The contract is in ../README.md."""

import asyncio
import os

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        self.sendMessage(payload, isBinary)


async def main():
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
