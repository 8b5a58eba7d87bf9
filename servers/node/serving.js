// What the small servers of the tests have in common: a WebSocket server on 127.0.0.1, on the port that
// PORT names or a free one, which says what it saw when its standard input ends.
'use strict';

exports.serve = (WebSocketServer, options, onClient) => {
  const stats = { connections: 0, peak: 0, messages: 0 };
  const port = Number(process.env.PORT ?? 0);
  const server = new WebSocketServer({ host: '127.0.0.1', port, ...options });
  server.on('listening', () => console.log(`listening 127.0.0.1:${server.address().port}`));
  server.on('connection', (client, request) => {
    stats.connections += 1;
    stats.peak = Math.max(stats.peak, server.clients.size);
    client.on('error', () => {});
    onClient(client, stats, request);
  });
  if (port === 0) {
    process.stdin.resume();
    process.stdin.on('end', () => {
      process.stdout.write(`${JSON.stringify(stats)}\n`, () => process.exit(0));
    });
  }
};

// Members of rooms, by the name of each.
exports.Rooms = class {
  #rooms = new Map();

  join(name, member) {
    if (!this.#rooms.has(name)) this.#rooms.set(name, new Set());
    this.#rooms.get(name).add(member);
  }

  leave(member) {
    for (const members of this.#rooms.values()) members.delete(member);
  }

  members(name) {
    return this.#rooms.get(name) ?? new Set();
  }
};

// What is said to a client within one turn of the loop goes out as one WebSocket message.
exports.batched = (client, separator, isEnded) => {
  let waiting = [];
  return (text) => {
    waiting.push(text);
    if (waiting.length > 1) return;
    setImmediate(() => {
      const message = waiting.join(separator) + (isEnded ? separator : '');
      waiting = [];
      if (client.readyState === client.OPEN) client.send(message);
    });
  };
};

// Ends an official client's program: by what was delivered, or by the time that it took.
exports.expecting = (text) => {
  const timer = setTimeout(() => {
    console.error('nothing was delivered within 20 s');
    process.exit(1);
  }, 20_000);
  return (delivered) => {
    clearTimeout(timer);
    console.log(`delivered ${delivered}`);
    process.exit(delivered === text ? 0 : 1);
  };
};
