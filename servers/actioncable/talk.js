// Clients of @rails/actioncable, each in a room of its own, to be recorded. Started with the port of the
// server.
'use strict';

const { talk } = require('../node/serving');
const connected = require('./consumer');

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve) => {
  const consumer = connected();
  const channel = { channel: 'ChatChannel', room };
  const subscription = consumer.subscriptions.create(channel, {
    connected() {
      const say = (text) => subscription.perform('say', { text });
      resolve({ say, close: () => consumer.disconnect() });
    },
    received: heard,
  });
}));
