// The broadcast server of Netty, at its defaults: the Java NIO transport, and a ChannelGroup. The
// contract is in ../README.md.

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;

public final class Broadcast extends SimpleChannelInboundHandler<WebSocketFrame> {
    private static final int LONGEST_REQUEST_BYTES = 8192;
    private static final int LONGEST_MESSAGE_BYTES = 65536;

    // It forgets channels that are closed by itself.
    private static final ChannelGroup CLIENTS =
            new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    @Override
    public void userEventTriggered(ChannelHandlerContext client, Object event) {
        if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
            CLIENTS.add(client.channel());
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext client, WebSocketFrame message) {
        CLIENTS.writeAndFlush(message.retain());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext client, Throwable cause) {
        client.close();
    }

    private static final class Pipeline extends ChannelInitializer<SocketChannel> {
        @Override
        protected void initChannel(SocketChannel channel) {
            channel.pipeline().addLast(
                    new HttpServerCodec(),
                    new HttpObjectAggregator(LONGEST_REQUEST_BYTES),
                    new WebSocketServerProtocolHandler("/"),
                    // Fragments of two senders would come mixed otherwise.
                    new WebSocketFrameAggregator(LONGEST_MESSAGE_BYTES),
                    new Broadcast());
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        int port = Integer.parseInt(System.getenv("PORT"));
        EventLoopGroup acceptor = new NioEventLoopGroup(1);
        EventLoopGroup workers = new NioEventLoopGroup();

        new ServerBootstrap()
                .group(acceptor, workers)
                .channel(NioServerSocketChannel.class)
                .childHandler(new Pipeline())
                .bind("127.0.0.1", port)
                .sync();
    }
}
