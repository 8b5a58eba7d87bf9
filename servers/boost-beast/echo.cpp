// The echo server of Boost.Beast, at its defaults: callbacks, one thread. The contract is in
// ../README.md.

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <memory>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

// One connection; it lives for as long as a callback of it is due.
class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

    void run()
    {
        socket_.set_option(
            beast::websocket::stream_base::timeout::suggested(beast::role_type::server));
        socket_.async_accept(beast::bind_front_handler(&Session::on_accept, shared_from_this()));
    }

private:
    void on_accept(beast::error_code error)
    {
        if (!error)
            read();
    }

    void read()
    {
        socket_.async_read(buffer_,
                           beast::bind_front_handler(&Session::on_read, shared_from_this()));
    }

    void on_read(beast::error_code error, std::size_t)
    {
        if (error)
            return;
        socket_.text(socket_.got_text());
        socket_.async_write(buffer_.data(),
                            beast::bind_front_handler(&Session::on_write, shared_from_this()));
    }

    void on_write(beast::error_code error, std::size_t)
    {
        if (error)
            return;
        buffer_.consume(buffer_.size());
        read();
    }

    beast::websocket::stream<beast::tcp_stream> socket_;
    beast::flat_buffer buffer_;
};

void accept(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&acceptor](beast::error_code error, tcp::socket socket) {
        if (!error)
            std::make_shared<Session>(std::move(socket))->run();
        accept(acceptor);
    });
}

int main()
{
    const auto port = static_cast<unsigned short>(std::atoi(std::getenv("PORT")));
    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), port}};

    accept(acceptor);
    context.run();
}
