"""The broadcast server of Python's `autobahn` on asyncio, at its defaults: a message is framed once.

The contract is in ../README.md."""

import asyncio
import os

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol

clients = set()


class Member(WebSocketServerProtocol):
    def onOpen(self):
        clients.add(self)

    def onClose(self, wasClean, code, reason):
        clients.discard(self)

    def onMessage(self, payload, isBinary):
        prepared = self.factory.prepareMessage(payload, isBinary)
        for client in clients:
            client.sendPreparedMessage(prepared)


async def main():
    factory = WebSocketServerFactory()
    factory.protocol = Member
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
