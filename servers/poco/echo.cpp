// The echo server of POCO, at its defaults but for its threads. The contract is in ../README.md.

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/ThreadPool.h>
#include <cstdlib>
#include <unistd.h>

using Poco::Net::WebSocket;

// The library hands over frame by frame: fragments are put together here, and pings and close
// frames are the program's to answer.
void echo(WebSocket &socket)
{
    Poco::Buffer<char> message(0);
    int opcode = 0;

    for (;;) {
        const std::size_t before = message.size();
        int flags = 0;
        const int length = socket.receiveFrame(message, flags);
        const int kind = flags & WebSocket::FRAME_OP_BITMASK;

        if (length == 0 && flags == 0)
            return; // the client is gone without a close frame
        if (kind == WebSocket::FRAME_OP_PING || kind == WebSocket::FRAME_OP_CLOSE) {
            const int answer = kind == WebSocket::FRAME_OP_PING ? WebSocket::FRAME_OP_PONG
                                                                : WebSocket::FRAME_OP_CLOSE;
            socket.sendFrame(message.begin() + before, length, WebSocket::FRAME_FLAG_FIN | answer);
            if (kind == WebSocket::FRAME_OP_CLOSE)
                return;
            message.resize(before);
            continue;
        }
        if (kind == WebSocket::FRAME_OP_PONG) {
            message.resize(before);
            continue;
        }
        if (kind != WebSocket::FRAME_OP_CONT)
            opcode = kind;
        if (flags & WebSocket::FRAME_FLAG_FIN) {
            socket.sendFrame(message.begin(), static_cast<int>(message.size()),
                             WebSocket::FRAME_FLAG_FIN | opcode);
            message.resize(0);
        }
    }
}

class Handler : public Poco::Net::HTTPRequestHandler {
    void handleRequest(Poco::Net::HTTPServerRequest &request,
                       Poco::Net::HTTPServerResponse &response) override
    {
        try {
            WebSocket socket(request, response);
            echo(socket);
        } catch (const Poco::Net::WebSocketException &error) {
            // As the library's own example does: it is no handshake, or not one it knows.
            if (error.code() == WebSocket::WS_ERR_HANDSHAKE_UNSUPPORTED_VERSION)
                response.set("Sec-WebSocket-Version", WebSocket::WEBSOCKET_VERSION);
            if (!response.sent()) {
                response.setStatusAndReason(Poco::Net::HTTPResponse::HTTP_BAD_REQUEST);
                response.setContentLength(0);
                response.send();
            }
        } catch (const Poco::Exception &) {
            // The client is gone.
        }
    }
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
    Poco::Net::HTTPRequestHandler *
    createRequestHandler(const Poco::Net::HTTPServerRequest &) override
    {
        return new Handler;
    }
};

int main()
{
    const auto port = static_cast<Poco::UInt16>(std::atoi(std::getenv("PORT")));
    // A connection keeps a thread for as long as it lasts, and there are 16 by default.
    Poco::ThreadPool threads(16, 1100);
    Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
    Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", port));
    Poco::Net::HTTPServer server(new Factory, threads, socket, parameters);

    parameters->setMaxThreads(1100);
    server.start();
    for (;;)
        pause();
}
