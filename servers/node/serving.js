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

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// So long clients stay behind their last text, to be told of heartbeats: Rails has one each three seconds.
const HEARTBEATS = 3_500;

// Clients to be recorded: each opens a room with `open(room, heard)`, says a few texts there, and leaves once
// it has heard as many. The program ends with them, or by the time that it took.
exports.talk = async (rooms, open) => {
  const TEXTS = 4;
  const one = async (room) => {
    let heard = 0;
    let done;
    const all = new Promise((resolve) => { done = resolve; });
    const { say, close } = await open(room, () => {
      heard += 1;
      if (heard === TEXTS) done();
    });
    await pause(300);
    for (let number = 1; number <= TEXTS; number += 1) {
      say(`text ${number} for the room ${room}`);
      await pause(60);
    }
    await all;
    await pause(HEARTBEATS);
    close();
    await pause(200);
  };
  const late = pause(20_000).then(() => { throw new Error('not all was heard within 20 s'); });
  try {
    await Promise.race([Promise.all(rooms.map(one)), late]);
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
};
