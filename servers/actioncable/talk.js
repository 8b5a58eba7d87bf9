// Clients of @rails/actioncable, each in a room of its own, to be recorded. Started with the port of the
// server.
'use strict';

// It is made for browsers, and asks for what they have.
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};
globalThis.document = { visibilityState: 'visible' };

const { adapters, createConsumer } = require('@rails/actioncable');
const { WebSocket } = require('ws');
const { talk } = require('../node/serving');

// A browser tells where the page came from, which Rails asks about.
adapters.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { origin: 'http://localhost:3000' });
  }
};

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve) => {
  const consumer = createConsumer(`ws://127.0.0.1:${process.argv[2]}/cable`);
  const channel = { channel: 'ChatChannel', room };
  const subscription = consumer.subscriptions.create(channel, {
    connected() {
      const say = (text) => subscription.perform('say', { text });
      resolve({ say, close: () => consumer.disconnect() });
    },
    received: heard,
  });
}));
