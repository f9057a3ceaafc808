package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pipe of the kernel, which bytes are moved through. A connection needs one only while something
 * is on its way, so that each thread keeps some that are empty.
 */
final class Pipe {
  private static final Logger LOG = LoggerFactory.getLogger(Pipe.class);

  /** What one holds as Linux makes it. */
  static final int BYTES = 64 << 10;

  /** Of two files each, of the many that a process may have open. */
  private static final int MOST = 1024;

  private static final int MOST_SPARE = 64;
  private static final AtomicInteger COUNT = new AtomicInteger();

  private static final FastThreadLocal<ArrayDeque<Pipe>> SPARE =
      new FastThreadLocal<>() {
        @Override
        protected ArrayDeque<Pipe> initialValue() {
          return new ArrayDeque<>();
        }

        @Override
        protected void onRemoval(ArrayDeque<Pipe> spare) {
          spare.forEach(Pipe::close);
        }
      };

  private final FileDescriptor[] ends;

  private Pipe(FileDescriptor[] ends) {
    this.ends = ends;
  }

  /** Returns an empty one, or null when there can't be more of them. */
  static Pipe take() {
    var spare = SPARE.get().poll();
    if (spare != null) {
      return spare;
    }
    if (COUNT.incrementAndGet() <= MOST) {
      try {
        return new Pipe(FileDescriptor.pipe());
      } catch (IOException e) {
        LOG.debug("no pipe: {}", e.getMessage());
      }
    }
    COUNT.decrementAndGet();
    return null;
  }

  /** Returns the number of the file that is read from. */
  int out() {
    return ends[0].intValue();
  }

  /** Returns the number of the file that is written to. */
  int in() {
    return ends[1].intValue();
  }

  /** Lets the next one have it; what is in it must not come out elsewhere. */
  void giveBack(boolean empty) {
    var spare = SPARE.get();
    if (empty && spare.size() < MOST_SPARE) {
      spare.push(this);
    } else {
      close();
    }
  }

  private void close() {
    COUNT.decrementAndGet();
    for (var end : ends) {
      EpollConnection.close(end);
    }
  }
}
