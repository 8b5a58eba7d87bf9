// Clients of nats.ws, each on a subject of its own, to be recorded. Started with the URL of the server.
'use strict';

const { WebSocket } = require('ws');
const { talk } = require('../node/serving');

Object.assign(globalThis, { WebSocket });

const { StringCodec, connect } = require('nats.ws');

const codec = StringCodec();

talk(['red', 'blue', 'green'], async (room, heard) => {
  const token = 'planted-token-of-nats';
  const client = await connect({ servers: process.argv[2], reconnect: false, token });
  const subject = `talk.${room}`;
  client.subscribe(subject, { callback: heard });
  await client.flush();
  const say = (text) => client.publish(subject, codec.encode(text));
  return { say, close: () => client.close() };
});
