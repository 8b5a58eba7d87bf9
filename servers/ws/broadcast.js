// A broadcast server of Node's `ws`: each message goes to every client, its sender among them. Started
// like server.js, on the port that PORT names or a free one.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');

const stats = { connections: 0, messages: 0 };
const port = Number(process.env.PORT ?? 0);
const server = new WebSocketServer({ host: '127.0.0.1', port });

server.on('listening', () => console.log(`listening 127.0.0.1:${server.address().port}`));

server.on('connection', (client) => {
  stats.connections += 1;
  client.on('message', (data, isBinary) => {
    stats.messages += 1;
    for (const other of server.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(data, { binary: isBinary });
    }
  });
  client.on('error', () => {});
});

if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify({ peak: 0, ...stats })}\n`, () => process.exit(0));
  });
}
