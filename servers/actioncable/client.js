// Rails' own client: it subscribes to a channel, performs its action, and is told of it.
'use strict';

// It is made for browsers, and asks for what they have.
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};
globalThis.document = { visibilityState: 'visible' };

const { adapters, createConsumer } = require('@rails/actioncable');
const { WebSocket } = require('ws');
const { expecting } = require('../node/serving');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
// A browser tells where the page came from, which Rails asks about.
adapters.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { origin: 'http://localhost:3000' });
  }
};
const consumer = createConsumer(`ws://127.0.0.1:${process.argv[2]}/cable`);
consumer.subscriptions.create({ channel: 'ChatChannel', room: 'red' }, {
  connected() {
    this.perform('say', { text: TEXT });
  },
  received: ({ text }) => delivered(text),
});
