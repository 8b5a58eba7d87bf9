// Clients of pusher-js, two on each channel, for none hears itself; to be recorded. Started with the port of
// the server.
'use strict';

const Pusher = require('pusher-js');
const { talk } = require('../node/serving');

talk(['red', 'red', 'blue', 'blue'], (room, heard) => new Promise((resolve) => {
  const client = new Pusher('key', {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: Number(process.argv[2]),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
  });
  const channel = client.subscribe(room);
  const say = (text) => channel.trigger('client-msg', { text });
  channel.bind('client-msg', heard);
  channel.bind('pusher:subscription_succeeded', () => {
    resolve({ say, close: () => client.disconnect() });
  });
}));
