"""The echo server of Python's `socketify`, at its defaults. The contract is in ../README.md."""

import os

from socketify import App, AppListenOptions


def echo(websocket, message, opcode):
    websocket.send(message, opcode)


app = App()
app.ws("/*", {"message": echo})
app.listen(AppListenOptions(port=int(os.environ["PORT"]), host="127.0.0.1"), lambda config: None)
app.run()
