// A client of rpc-websockets: it asks servers/ws/rpc.js for a few sums, one after the other. Started with
// the server's URL.
'use strict';

const { Client } = require('rpc-websockets');

const client = new Client(process.argv[2], { reconnect: false });
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
client.on('open', async () => {
  for (let number = 1; number <= 6; number += 1) await client.call('sum', [number, 2]);
  client.close();
  setTimeout(() => process.exit(0), 200);
});
