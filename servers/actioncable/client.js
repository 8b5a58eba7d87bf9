// Rails' own client: it subscribes to a channel, performs its action, and is told of it.
'use strict';

const { expecting } = require('../node/serving');
const connected = require('./consumer');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const consumer = connected();
consumer.subscriptions.create({ channel: 'ChatChannel', room: 'red' }, {
  connected() {
    this.perform('say', { text: TEXT });
  },
  received: ({ text }) => delivered(text),
});
