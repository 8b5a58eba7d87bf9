"""The broadcast server of Python's `socketify`, at its defaults, by its own topics.

The contract is in ../README.md."""

import os

from socketify import App, AppListenOptions

app = App()


def join(websocket):
    websocket.subscribe("all")


def send_to_all(_websocket, message, opcode):
    # The sender too: a client's own `publish` goes to all but itself.
    app.publish("all", message, opcode)


app.ws("/*", {"open": join, "message": send_to_all})
app.listen(AppListenOptions(port=int(os.environ["PORT"]), host="127.0.0.1"), lambda config: None)
app.run()
