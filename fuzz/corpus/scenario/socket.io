# Socket.IO 4 (Engine.IO 4) without long polling. The server has the events "join" (a room; it is acknowledged)
# and "msg" (a room and a text, which it sends on to the room as "msg").
schema = "wsbench.scenario/1"
url = "ws://localhost:3000/socket.io/?EIO=4&transport=websocket"
rooms = { count = 10 }
# Engine.IO opens, the namespace is connected to, the room is joined.
login = [
    { expect = { prefix = "0{" } },
    { send = "40", expect = { prefix = "40" } },
    { send = '420["join","{room}"]', expect = { prefix = "430" } },
]
# The server's heartbeat.
reply = [{ on = { equals = "2" }, send = "3" }]

[[clients]]
count = 100
roles = ["publish", "subscribe"]
rate = "50/s"
message = '42["msg","{room}","{tag}{fill}"]'
size = 100
