// Clients of centrifuge, each on a channel of its own, to be recorded. Started with the port of the server.
'use strict';

const { Centrifuge } = require('centrifuge');
const { WebSocket } = require('ws');
const { talk } = require('../node/serving');

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve) => {
  const url = `ws://127.0.0.1:${process.argv[2]}/connection/websocket`;
  const client = new Centrifuge(url, { websocket: WebSocket });
  const subscription = client.newSubscription(room);
  const say = (text) => subscription.publish({ text });
  subscription.on('publication', heard);
  subscription.on('subscribed', () => resolve({ say, close: () => client.disconnect() }));
  subscription.subscribe();
  client.connect();
}));
