// The echo server of Node's `ws`, at its defaults. The contract is in ../README.md.
'use strict';

const fs = require('fs');
const https = require('https');
const { WebSocketServer } = require('ws');

const stats = { connections: 0, peak: 0, messages: 0 };
let alive = 0;

const port = Number(process.env.PORT ?? 0);
const { TLS_CERT, TLS_KEY, DEFLATE } = process.env;
// Neither TLS nor compression is there by default.
const perMessageDeflate = DEFLATE === '1';
const secure =
  TLS_CERT &&
  https.createServer({ cert: fs.readFileSync(TLS_CERT), key: fs.readFileSync(TLS_KEY) });
const server = secure
  ? new WebSocketServer({ server: secure, perMessageDeflate })
  : new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate });

(secure || server).on('listening', () =>
  console.log(`listening 127.0.0.1:${server.address().port}`),
);
if (secure) secure.listen(port, '127.0.0.1');

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
