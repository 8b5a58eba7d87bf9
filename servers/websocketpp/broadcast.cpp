// The broadcast server of WebSocket++ on Asio, at its defaults but for its log, which is silent. The
// contract is in ../README.md.

#include <cstdlib>
#include <memory>
#include <set>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

using Server = websocketpp::server<websocketpp::config::asio>;
using websocketpp::connection_hdl;

int main()
{
    Server server;
    std::set<connection_hdl, std::owner_less<connection_hdl>> clients;

    // It would write several lines a message to the terminal.
    server.clear_access_channels(websocketpp::log::alevel::all);
    server.clear_error_channels(websocketpp::log::elevel::all);
    server.init_asio();
    server.set_reuse_addr(true);
    server.set_open_handler([&clients](connection_hdl client) { clients.insert(client); });
    server.set_close_handler([&clients](connection_hdl client) { clients.erase(client); });
    server.set_message_handler([&](connection_hdl, Server::message_ptr message) {
        websocketpp::lib::error_code ignored; // the client is going
        for (const connection_hdl &client : clients)
            server.send(client, message->get_payload(), message->get_opcode(), ignored);
    });
    server.listen("127.0.0.1", std::getenv("PORT"));
    server.start_accept();
    server.run();
}
