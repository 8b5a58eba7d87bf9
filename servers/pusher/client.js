// Pusher's own client, twice: one of them subscribes to a channel, the other sends to it as well.
'use strict';

const { expecting } = require('../node/serving');
const connected = require('./connected');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const listening = connected().subscribe('red');
listening.bind('client-msg', ({ text }) => delivered(text));
listening.bind('pusher:subscription_succeeded', () => {
  const sending = connected().subscribe('red');
  sending.bind('pusher:subscription_succeeded', () => sending.trigger('client-msg', { text: TEXT }));
});
