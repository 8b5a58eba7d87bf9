// The echo server of Node's `ws`, at its defaults. The contract is in ../README.md.
'use strict';

const { WebSocketServer } = require('ws');

const stats = { connections: 0, peak: 0, messages: 0 };
let alive = 0;

const port = Number(process.env.PORT ?? 0);
const server = new WebSocketServer({ host: '127.0.0.1', port });

server.on('listening', () => console.log(`listening 127.0.0.1:${server.address().port}`));

server.on('connection', (client) => {
  stats.connections += 1;
  alive += 1;
  stats.peak = Math.max(stats.peak, alive);
  client.on('message', (data, isBinary) => {
    client.send(data, { binary: isBinary });
    stats.messages += 1;
  });
  // Without a handler the process dies at the first invalid frame.
  client.on('error', () => {});
  client.on('close', () => {
    alive -= 1;
  });
});

// Whoever chose the port ends the process; a test that left it free closes the input instead.
if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify(stats)}\n`, () => process.exit(0));
  });
}
