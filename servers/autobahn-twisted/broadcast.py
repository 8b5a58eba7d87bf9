"""The broadcast server of Python's `autobahn` on Twisted, at its defaults: a message is framed once.

The contract is in ../README.md."""

import os

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor

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


factory = WebSocketServerFactory()
factory.protocol = Member
reactor.listenTCP(int(os.environ["PORT"]), factory, interface="127.0.0.1")
reactor.run()
