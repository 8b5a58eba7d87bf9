// The broadcast server of Boost.Beast, at its defaults: callbacks, one thread, and a queue without a
// bound for each client. The contract is in ../README.md.

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

struct Message {
    bool is_text;
    std::string bytes;
};

// One connection; it lives for as long as a callback of it is due.
class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

    ~Session() { clients_.erase(this); }

    void run()
    {
        socket_.set_option(
            beast::websocket::stream_base::timeout::suggested(beast::role_type::server));
        socket_.async_accept(beast::bind_front_handler(&Session::on_accept, shared_from_this()));
    }

private:
    void on_accept(beast::error_code error)
    {
        if (error)
            return;
        clients_.insert(this);
        read();
    }

    void read()
    {
        socket_.async_read(buffer_,
                           beast::bind_front_handler(&Session::on_read, shared_from_this()));
    }

    void on_read(beast::error_code error, std::size_t)
    {
        if (error) {
            clients_.erase(this);
            return;
        }
        const auto message = std::make_shared<const Message>(
            Message{socket_.got_text(), beast::buffers_to_string(buffer_.data())});
        buffer_.consume(buffer_.size());
        for (Session *client : clients_)
            client->send(message);
        read();
    }

    void send(std::shared_ptr<const Message> message)
    {
        waiting_.push_back(std::move(message));
        if (waiting_.size() == 1)
            write();
    }

    void write()
    {
        socket_.text(waiting_.front()->is_text);
        socket_.async_write(asio::buffer(waiting_.front()->bytes),
                            beast::bind_front_handler(&Session::on_write, shared_from_this()));
    }

    void on_write(beast::error_code error, std::size_t)
    {
        if (error)
            return; // reading sees it too
        waiting_.pop_front();
        if (!waiting_.empty())
            write();
    }

    static std::unordered_set<Session *> clients_;

    beast::websocket::stream<beast::tcp_stream> socket_;
    beast::flat_buffer buffer_;
    std::deque<std::shared_ptr<const Message>> waiting_;
};

std::unordered_set<Session *> Session::clients_;

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
