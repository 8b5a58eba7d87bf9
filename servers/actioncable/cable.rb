# Rails' own ActionCable on Puma, within one process and without the rest of Rails: the channel "ChatChannel"
# streams from its room, and its action "say" broadcasts a text to it. It listens on 127.0.0.1, on the port
# that PORT names or a free one, and says what it saw when its standard input ends (../README.md).

require 'json'
require 'logger'
require 'action_cable'
require 'puma'

STATS = { connections: 0, peak: 0, messages: 0 }
TURN = Mutex.new

class Connection < ActionCable::Connection::Base
  def connect
    TURN.synchronize do
      STATS[:connections] += 1
      @@open = (@@open ||= 0) + 1
      STATS[:peak] = [STATS[:peak], @@open].max
    end
  end

  def disconnect
    TURN.synchronize { @@open -= 1 }
  end
end

class ChatChannel < ActionCable::Channel::Base
  def subscribed
    stream_from room
  end

  def say(data)
    TURN.synchronize { STATS[:messages] += 1 }
    ActionCable.server.broadcast(room, { text: data['text'] })
  end

  private

  def room
    "chat_#{params[:room]}"
  end
end

ActionCable::Server::Base.config.tap do |config|
  config.cable = { 'adapter' => 'async' }
  config.connection_class = -> { Connection }
  config.logger = Logger.new(File::NULL)
  config.mount_path = '/cable'
  # As Rails has it in development.
  config.allowed_request_origins = [%r{\Ahttps?://localhost:\d+\z}]
end

# Loaded before anybody comes, as Rails has it in production.
ActionCable.eager_load!
ActionCable.server.config.pubsub_adapter
server = Puma::Server.new(ActionCable.server, Puma::Events.null)
port = ENV.fetch('PORT', 0).to_i
listener = server.add_tcp_listener('127.0.0.1', port)
server.run
puts "listening 127.0.0.1:#{listener.addr[1]}"
$stdout.flush

sleep if port.positive?
$stdin.read
puts STATS.to_json
$stdout.flush
# At once, whatever threads still do.
exit!(true)
