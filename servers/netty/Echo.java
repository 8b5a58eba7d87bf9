// The echo server of Netty, at its defaults: the Java NIO transport. The contract is in
// ../README.md.

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;

public final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
    private static final int LONGEST_REQUEST_BYTES = 8192;

    @Override
    protected void channelRead0(ChannelHandlerContext client, WebSocketFrame frame) {
        // Frame by frame: a message in fragments goes back in the same fragments.
        client.writeAndFlush(frame.retain());
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
                    new Echo());
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
