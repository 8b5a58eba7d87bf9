// Clients of graphql-ws: two subscribe to what is said in a room of servers/graphql-ws/rooms.js, a third
// says it, with a token in its greeting. Started with the server's URL.
'use strict';

const { createClient } = require('graphql-ws');
const WebSocket = require('ws');

const TEXTS = 4;
const SAID = 'subscription ($room: String!) { said(room: $room) {text} }';
const SAY = 'mutation ($room: String!, $text: String!) { say(room: $room, text: $text) }';

function client(url) {
  const connectionParams = { token: 'planted-token-of-graphql' };
  // One connection for all that is asked, not one each.
  const lazy = false;
  return createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, lazy });
}

function hears(url, room) {
  const one = client(url);
  return new Promise((resolve, reject) => {
    let heard = 0;
    const next = () => {
      heard += 1;
      if (heard === TEXTS) setTimeout(() => resolve(one.dispose()), 200);
    };
    const sink = { next, error: reject, complete: () => {} };
    one.subscribe({ query: SAID, variables: { room } }, sink);
  });
}

async function says(url, room) {
  const one = client(url);
  for (let number = 1; number <= TEXTS; number += 1) {
    const variables = { room, text: `text ${number} for ${room}` };
    await new Promise((resolve, reject) => {
      one.subscribe({ query: SAY, variables }, { next: () => {}, error: reject, complete: resolve });
    });
    await new Promise((resolve) => { setTimeout(resolve, 60); });
  }
  await one.dispose();
}

async function all(url) {
  const hearing = ['news', 'news'].map((room) => hears(url, room));
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  await says(url, 'news');
  await Promise.all(hearing);
}

all(process.argv[2]).then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
