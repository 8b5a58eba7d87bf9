# The echo server of Crystal's own standard library, at its defaults. The contract is in
# ../README.md.

require "http/server"

echo = HTTP::WebSocketHandler.new do |client, _context|
  client.on_message { |message| client.send message }
  client.on_binary { |message| client.send message }
end

server = HTTP::Server.new([echo])
server.bind_tcp "127.0.0.1", ENV["PORT"].to_i
server.listen
