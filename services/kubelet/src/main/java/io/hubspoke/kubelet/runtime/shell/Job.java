package io.hubspoke.kubelet.runtime.shell;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The threads of one process and its children, which a signal reaches together. */
final class Job {
  static final int SIGHUP = 1;
  static final int SIGINT = 2;
  static final int SIGKILL = 9;
  static final int SIGTERM = 15;

  /** Exit code of what a signal ended, less its number. */
  static final int SIGNALLED = 128;

  private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Semaphore places;
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private volatile int signal;
  private volatile boolean ended;

  /**
   * @param places one for each thread that the container may still have
   */
  Job(Semaphore places) {
    this.places = places;
  }

  /**
   * Starts a thread of the job.
   *
   * @throws IOException when the container has as many as it may have
   */
  Thread start(Runnable body) throws IOException {
    if (!places.tryAcquire()) {
      throw new IOException("can't fork: Resource temporarily unavailable");
    }
    Thread thread =
        Thread.ofVirtual()
            .unstarted(
                () -> {
                  try {
                    body.run();
                  } finally {
                    threads.remove(Thread.currentThread());
                    places.release();
                  }
                });
    threads.add(thread);
    thread.start();
    if (ended) {
      thread.interrupt();
    }
    return thread;
  }

  /** Interrupts all of it. */
  void signal(int number) {
    signal = number;
    ended |= number != SIGINT;
    threads.forEach(Thread::interrupt);
  }

  int signal() {
    return signal;
  }

  /** Returns whether it was told to end for good, and not only what is in the foreground. */
  boolean ended() {
    return ended;
  }

  /** Returns the exit code of what the last signal ended. */
  int exitCode() {
    return SIGNALLED + (signal == 0 ? SIGKILL : signal);
  }

  /** Lets others run after a while, as what never waits would keep them from it. */
  static final class Pace {
    private long since = System.nanoTime();

    void step() throws InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      if (System.nanoTime() - since > TURN_NANOS) {
        Thread.sleep(1);
        since = System.nanoTime();
      }
    }
  }
}
