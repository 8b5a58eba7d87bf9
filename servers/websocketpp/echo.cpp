// The echo server of WebSocket++ on Asio, at its defaults but for its log, which is silent. The
// contract is in ../README.md.

#include <cstdlib>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

using Server = websocketpp::server<websocketpp::config::asio>;

int main()
{
    Server server;

    // It would write several lines a message to the terminal.
    server.clear_access_channels(websocketpp::log::alevel::all);
    server.clear_error_channels(websocketpp::log::elevel::all);
    server.init_asio();
    server.set_reuse_addr(true);
    server.set_message_handler(
        [&server](websocketpp::connection_hdl client, Server::message_ptr message) {
            websocketpp::lib::error_code ignored; // the client is gone
            server.send(client, message->get_payload(), message->get_opcode(), ignored);
        });
    server.listen("127.0.0.1", std::getenv("PORT"));
    server.start_accept();
    server.run();
}
