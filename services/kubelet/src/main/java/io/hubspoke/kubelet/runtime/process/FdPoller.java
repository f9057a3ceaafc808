package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for file descriptors that event loops can't wait for: pipes, terminals, processes. One
 * thread for all of a runtime, so that an idle stream costs no thread; where many are idle the cost
 * is one entry of {@code poll} each.
 */
final class FdPoller implements AutoCloseable {
  static final int READ = 1;
  static final int WRITE = 4;

  private static final Logger LOG = LoggerFactory.getLogger(FdPoller.class);

  private static final int ENTRY = 8;
  static final int CHUNK = 64 << 10;

  private final Thread thread =
      Thread.ofPlatform().daemon().name("process-poller").unstarted(this::run);
  private final int wakeRead;
  private final int wakeWrite;

  // Guarded by this.
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private boolean woken;
  private boolean closed;

  // Of the thread alone.
  private final List<Watch> watches = new ArrayList<>();
  private final MemorySegment scratch = Arena.ofAuto().allocate(CHUNK);

  private record Watch(int fd, int events, Runnable ready) {}

  /** Begins. */
  FdPoller() throws ErrnoException {
    int[] wake = Fds.pipe();
    wakeRead = wake[0];
    wakeWrite = wake[1];
    Fds.nonBlocking(wakeRead);
    Fds.nonBlocking(wakeWrite);
    thread.start();
  }

  /** Calls once, on the poller's thread, when the descriptor is ready or broken. */
  void watch(int fd, int events, Runnable ready) {
    execute(() -> watches.add(new Watch(fd, events, ready)));
  }

  /** Closes a descriptor; nothing that watches it is called any more. */
  void closeFd(int fd) {
    if (!execute(
        () -> {
          watches.removeIf(watch -> watch.fd == fd);
          Fds.close(fd);
        })) {
      Fds.close(fd);
    }
  }

  /** Runs on the poller's thread; returns whether it will. */
  boolean execute(Runnable task) {
    synchronized (this) {
      if (closed) {
        return false;
      }
      tasks.add(task);
      if (woken || Thread.currentThread() == thread) {
        return true;
      }
      woken = true;
      // Under the lock, so that the pipe is not closed meanwhile.
      Fds.writeByte(wakeWrite);
    }
    return true;
  }

  /** Returns memory to read into, for the poller's thread alone. */
  MemorySegment scratch() {
    return scratch;
  }

  @Override
  public void close() {
    execute(
        () -> {
          synchronized (this) {
            closed = true;
          }
        });
  }

  private void run() {
    MemorySegment entries = Arena.ofAuto().allocate(64L * ENTRY, 8);
    while (true) {
      runTasks();
      synchronized (this) {
        if (closed) {
          Fds.close(wakeRead);
          Fds.close(wakeWrite);
          return;
        }
        if (!tasks.isEmpty()) {
          continue;
        }
      }
      int count = watches.size();
      long needed = (count + 1L) * ENTRY;
      if (entries.byteSize() < needed) {
        entries = Arena.ofAuto().allocate(needed * 2, 8);
      }
      put(entries, 0, wakeRead, READ);
      for (int i = 0; i < count; i++) {
        put(entries, i + 1, watches.get(i).fd, watches.get(i).events);
      }
      long ready = Libc.tryCall(Libc.POLL, entries.address(), count + 1L, -1);
      if (ready <= 0) {
        if (ready != -Libc.EINTR && ready != 0) {
          LOG.error("poll: {}", Libc.text((int) -ready));
        }
        continue;
      }
      dispatch(entries, count);
    }
  }

  private void dispatch(MemorySegment entries, int count) {
    if (events(entries, 0) != 0) {
      // Emptied before the tasks are looked at: one that comes later wakes again.
      synchronized (this) {
        woken = false;
        Fds.drain(wakeRead, scratch);
      }
    }
    List<Watch> ready = new ArrayList<>();
    for (int i = count - 1; i >= 0; i--) {
      if (events(entries, i + 1) != 0) {
        ready.add(watches.get(i));
        Watch last = watches.removeLast();
        if (i < watches.size()) {
          watches.set(i, last);
        }
      }
    }
    ready.forEach(watch -> guarded(watch.ready));
  }

  private void runTasks() {
    while (true) {
      Runnable task;
      synchronized (this) {
        task = tasks.poll();
      }
      if (task == null) {
        return;
      }
      guarded(task);
    }
  }

  /** One stream's failure is not another's. */
  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("a stream of a process failed", e);
    }
  }

  private static void put(MemorySegment entries, int index, int fd, int events) {
    entries.set(JAVA_INT, (long) index * ENTRY, fd);
    entries.set(JAVA_SHORT, (long) index * ENTRY + 4, (short) events);
    entries.set(JAVA_SHORT, (long) index * ENTRY + 6, (short) 0);
  }

  private static int events(MemorySegment entries, int index) {
    return entries.get(JAVA_SHORT, (long) index * ENTRY + 6);
  }
}
