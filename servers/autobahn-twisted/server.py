"""The echo server of Python's `autobahn` on Twisted, at its defaults.

The contract is in ../README.md."""

import os

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        self.sendMessage(payload, isBinary)


factory = WebSocketServerFactory()
factory.protocol = Echo
reactor.listenTCP(int(os.environ["PORT"]), factory, interface="127.0.0.1")
reactor.run()
