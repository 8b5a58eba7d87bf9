// The broadcast server of Deno's own `Deno.serve`, at its defaults. The contract is in ../README.md.

const clients = new Set();

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT')) }, (request) => {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return new Response('a WebSocket client was expected', { status: 400 });
  }
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => clients.add(socket);
  socket.onclose = () => clients.delete(socket);
  socket.onmessage = (event) => {
    for (const client of clients) {
      if (client.readyState === WebSocket.OPEN) client.send(event.data);
    }
  };
  return response;
});
