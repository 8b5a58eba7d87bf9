// Rooms of socket.io: a client joins one by the event "join", which is acknowledged, and "msg" sends a
// text to all of a room. It listens on the port that PORT names or a free one.
'use strict';

const { createServer } = require('http');
const { Server } = require('socket.io');

const stats = { connections: 0, messages: 0 };
const http = createServer();
const io = new Server(http, { serveClient: false });

io.on('connection', (client) => {
  stats.connections += 1;
  client.on('join', (room, joined) => {
    client.join(room);
    joined('ok');
  });
  client.on('msg', (room, text, taken) => {
    stats.messages += 1;
    io.to(room).emit('msg', text);
    // Whoever asks for it is told that it was taken.
    if (taken) taken('ok');
  });
});

const port = Number(process.env.PORT ?? 0);
http.listen(port, '127.0.0.1', () => console.log(`listening 127.0.0.1:${http.address().port}`));

if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify({ peak: 0, ...stats })}\n`, () => process.exit(0));
  });
}
