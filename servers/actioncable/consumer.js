// Rails' own client, connected to the port that is the program's first word.
'use strict';

// It is made for browsers, and asks for what they have.
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};
globalThis.document = { visibilityState: 'visible' };

const { adapters, createConsumer } = require('@rails/actioncable');
const { WebSocket } = require('ws');

// A browser tells where the page came from, which Rails asks about.
adapters.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { origin: 'http://localhost:3000' });
  }
};

module.exports = () => createConsumer(`ws://127.0.0.1:${process.argv[2]}/cable`);
