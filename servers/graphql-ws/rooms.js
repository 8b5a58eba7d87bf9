// GraphQL subscriptions of graphql-ws: the mutation `say` sends a text to all that have subscribed to
// `said` of the same room; the subscription `count` gives so many numbers, and ends. It listens on the port that PORT names or a free one.
'use strict';

const { buildSchema } = require('graphql');
const { useServer } = require('graphql-ws/use/ws');
const { WebSocketServer } = require('ws');

const stats = { connections: 0, messages: 0 };
const rooms = new Map();

const schema = buildSchema(`
  type Said { text: String! }
  type Query { rooms: Int! }
  type Mutation { say(room: String!, text: String!): Int! }
  type Subscription { said(room: String!): Said! count(to: Int!, each: Int!): Int! }
`);

// What has been said in a room since somebody listens, one after the other.
async function* said(room) {
  const queue = [];
  let wake = () => {};
  const listener = (text) => {
    queue.push(text);
    wake();
  };
  const listeners = rooms.get(room) ?? new Set();
  rooms.set(room, listeners.add(listener));
  try {
    for (;;) {
      while (queue.length > 0) yield { said: { text: queue.shift() } };
      await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    listeners.delete(listener);
  }
}

// The numbers from 1 on, so many milliseconds apart.
async function* count(to, each) {
  stats.messages += 1;
  for (let number = 1; number <= to; number += 1) {
    yield { count: number };
    await new Promise((resolve) => { setTimeout(resolve, each); });
  }
}

const roots = {
  query: { rooms: () => rooms.size },
  mutation: {
    say: ({ room, text }) => {
      stats.messages += 1;
      const listeners = rooms.get(room) ?? new Set();
      for (const listener of listeners) listener(text);
      return listeners.size;
    },
  },
  subscription: {
    said: ({ room }) => said(room),
    count: ({ to, each }) => count(to, each),
  },
};

const port = Number(process.env.PORT ?? 0);
const server = new WebSocketServer({ host: '127.0.0.1', port, path: '/graphql' });
server.on('listening', () => console.log(`listening 127.0.0.1:${server.address().port}`));
server.on('connection', () => { stats.connections += 1; });
useServer({ schema, roots }, server);

if (port === 0) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    process.stdout.write(`${JSON.stringify({ peak: 0, ...stats })}\n`, () => process.exit(0));
  });
}
