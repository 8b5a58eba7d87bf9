// Clients of mqtt, each on a topic of its own, to be recorded. Started with the URL of the broker.
'use strict';

const mqtt = require('mqtt');
const { talk } = require('../node/serving');

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve, reject) => {
  // So short that its heartbeats come while it is recorded.
  const client = mqtt.connect(process.argv[2], {
    keepalive: 1, reconnectPeriod: 0, username: 'guest', password: 'planted-password-of-mqtt',
  });
  const topic = `talk/${room}`;
  client.on('error', reject);
  client.on('message', heard);
  client.on('connect', () => client.subscribe(topic, (error) => {
    if (error) reject(error);
    const say = (text) => client.publish(topic, text);
    resolve({ say, close: () => client.end() });
  }));
}));
