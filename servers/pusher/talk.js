// Clients of pusher-js, two on each channel, for none hears itself; to be recorded. Started with the port of
// the server.
'use strict';

const { talk } = require('../node/serving');
const connected = require('./connected');

talk(['red', 'red', 'blue', 'blue'], (room, heard) => new Promise((resolve) => {
  const client = connected();
  const channel = client.subscribe(room);
  const say = (text) => channel.trigger('client-msg', { text });
  channel.bind('client-msg', heard);
  channel.bind('pusher:subscription_succeeded', () => {
    resolve({ say, close: () => client.disconnect() });
  });
}));
