// A JSON-RPC 2.0 server over Node's `ws` that works on requests side by side, so that answers come in
// another order: `sum` adds its parameters, any other method is an error. Started like server.js.
'use strict';

const { WebSocketServer } = require('ws');

const stats = { connections: 0, messages: 0 };
const port = Number(process.env.PORT ?? 0);
const server = new WebSocketServer({ host: '127.0.0.1', port });

server.on('listening', () => console.log(`listening 127.0.0.1:${server.address().port}`));

function answer({ id, method, params }) {
  if (method !== 'sum') {
    return { jsonrpc: '2.0', id, error: { code: -32601, message: 'no such method' } };
  }
  return { jsonrpc: '2.0', id, result: params.reduce((sum, number) => sum + number, 0) };
}

server.on('connection', (client) => {
  stats.connections += 1;
  client.on('message', (data) => {
    stats.messages += 1;
    const reply = JSON.stringify(answer(JSON.parse(data)));
    // Every other request takes longer.
    if (stats.messages % 2) setTimeout(() => client.send(reply), 2);
    else client.send(reply);
  });
  client.on('error', () => {});
});

if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify({ peak: 0, ...stats })}\n`, () => process.exit(0));
  });
}
