// The echo server of Node's `ws`, at its defaults. The contract is in ../README.md.
'use strict';

const fs = require('fs');
const https = require('https');
const { WebSocket, WebSocketServer } = require('ws');

const stats = { connections: 0, peak: 0, messages: 0 };

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
  if (port === 0) stats.peak = Math.max(stats.peak, open());
  client.on('message', (data, isBinary) => {
    client.send(data, { binary: isBinary });
    stats.messages += 1;
  });
  // Without a handler the process dies at the first invalid frame.
  client.on('error', () => {});
});

// Only tests ask. `close` is emitted when TCP has ended, and may come behind the successor's
// `connection`; a client that has been answered its close frame is no longer open.
function open() {
  let count = 0;
  for (const client of server.clients) count += client.readyState === WebSocket.OPEN ? 1 : 0;
  return count;
}

// Whoever chose the port ends the process; a test that left it free closes the input instead.
if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify(stats)}\n`, () => process.exit(0));
  });
}
