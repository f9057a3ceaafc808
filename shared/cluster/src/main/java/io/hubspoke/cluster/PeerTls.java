package io.hubspoke.cluster;

import com.hazelcast.internal.networking.ChannelOption;
import com.hazelcast.internal.networking.HandlerStatus;
import com.hazelcast.internal.networking.InboundHandler;
import com.hazelcast.internal.networking.OutboundHandler;
import java.io.EOFException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS on one connection between members: the first handler of what comes in and the last of what
 * goes out, which may run on two threads. Nothing of the application passes either before the
 * handshake has ended, in which the peer was judged.
 */
final class PeerTls {
  private static final Logger LOG = LoggerFactory.getLogger(PeerTls.class);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SSLEngine engine;
  private final Decoder decoder = new Decoder();
  private final Encoder encoder = new Encoder();

  PeerTls(SSLEngine engine) {
    this.engine = engine;
  }

  Decoder decoder() {
    return decoder;
  }

  Encoder encoder() {
    return encoder;
  }

  /** Does what the engine leaves to its user; a few milliseconds of a handshake. */
  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private final class Decoder extends InboundHandler<ByteBuffer, ByteBuffer> {
    private ByteBuffer plain;

    @Override
    public void handlerAdded() {
      initSrcBuffer(
          Math.max(
              2 * engine.getSession().getPacketBufferSize(),
              channel.options().getOption(ChannelOption.SO_RCVBUF)));
      plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).limit(0);
    }

    @Override
    public HandlerStatus onRead() throws Exception {
      src.flip();
      try {
        while (true) {
          if (plain.hasRemaining()) {
            move();
            if (plain.hasRemaining()) {
              // The next handler has to make room first.
              return HandlerStatus.DIRTY;
            }
          }
          plain.clear();
          SSLEngineResult result = unwrap();
          plain.flip();
          HandshakeStatus status = result.getHandshakeStatus();
          boolean tasks = status == HandshakeStatus.NEED_TASK;
          if (tasks) {
            runTasks();
          }
          if (tasks || status == HandshakeStatus.NEED_WRAP || status == HandshakeStatus.FINISHED) {
            channel.outboundPipeline().wakeup();
          }
          switch (result.getStatus()) {
            case CLOSED -> throw new EOFException("the peer ended TLS");
            case BUFFER_UNDERFLOW -> {
              return HandlerStatus.CLEAN;
            }
            case BUFFER_OVERFLOW -> throw new SSLException("a record is larger than TLS allows");
            case OK -> {
              // Where the engine wants to write first, the encoder wakes this one up.
              if (!plain.hasRemaining() && result.bytesConsumed() == 0 && !tasks) {
                return HandlerStatus.CLEAN;
              }
            }
          }
        }
      } finally {
        if (src.hasRemaining()) {
          src.compact();
        } else {
          src.clear();
        }
      }
    }

    private SSLEngineResult unwrap() throws SSLException {
      try {
        return engine.unwrap(src, plain);
      } catch (SSLException e) {
        LOG.warn(
            "a connection between members, with {}, ends: {}",
            channel.remoteSocketAddress(),
            e.getMessage());
        throw e;
      }
    }

    private void move() {
      int count = Math.min(plain.remaining(), dst.remaining());
      int limit = plain.limit();
      plain.limit(plain.position() + count);
      dst.put(plain);
      plain.limit(limit);
    }
  }

  private final class Encoder extends OutboundHandler<ByteBuffer, ByteBuffer> {
    private boolean begun;

    @Override
    public void handlerAdded() {
      initDstBuffer(
          Math.max(
              2 * engine.getSession().getPacketBufferSize(),
              channel.options().getOption(ChannelOption.SO_SNDBUF)));
    }

    @Override
    public HandlerStatus onWrite() throws Exception {
      if (dst.hasRemaining()) {
        dst.compact();
      } else {
        dst.clear();
      }
      try {
        return wrap();
      } finally {
        dst.flip();
      }
    }

    private HandlerStatus wrap() throws Exception {
      while (true) {
        HandshakeStatus status = engine.getHandshakeStatus();
        if (status == HandshakeStatus.NEED_TASK
            || status == HandshakeStatus.NEED_UNWRAP
            || status == HandshakeStatus.NEED_UNWRAP_AGAIN) {
          // The decoder's turn, which wakes this one up.
          return HandlerStatus.BLOCKED;
        }
        boolean handshaking = status == HandshakeStatus.NEED_WRAP;
        if (begun && !handshaking && !src.hasRemaining()) {
          return HandlerStatus.CLEAN;
        }
        // The first call begins the handshake, and takes nothing of the source.
        SSLEngineResult result = engine.wrap(begun && !handshaking ? src : NOTHING, dst);
        begun = true;
        switch (result.getStatus()) {
          case CLOSED -> throw new EOFException("TLS has ended");
          case BUFFER_UNDERFLOW -> throw new SSLException("there is nothing to wrap");
          case BUFFER_OVERFLOW -> {
            return HandlerStatus.DIRTY;
          }
          case OK -> {
            if (handshaking) {
              // What came in meanwhile had to wait for this.
              channel.inboundPipeline().wakeup();
            }
          }
        }
      }
    }
  }
}
