package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;

/**
 * Runs a task on a platform thread of its own that ends with it. Namespaces, root, working
 * directory and user belong to a thread on Linux: the task may change them for good. It must start
 * no thread and wake no virtual one, since a new thread would inherit all that.
 */
final class Throwaway<T> {
  private static final int STACK = 512 << 10;

  private final Thread thread;
  private volatile T result;
  private volatile Exception failure;

  /** What such a thread does. */
  interface Task<T> {
    T run() throws ErrnoException;
  }

  private Throwaway(String name, Task<T> task) {
    thread =
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .stackSize(STACK)
            .start(
                () -> {
                  try {
                    result = task.run();
                  } catch (ErrnoException | RuntimeException e) {
                    failure = e;
                  }
                });
  }

  /** Begins. */
  static <T> Throwaway<T> start(String name, Task<T> task) {
    return new Throwaway<>(name, task);
  }

  /** Runs a task and waits for it. */
  static <T> T call(String name, Task<T> task) throws ErrnoException {
    return start(name, task).join();
  }

  boolean ended() {
    return !thread.isAlive();
  }

  /** Waits for the end, on a platform thread. */
  T join() throws ErrnoException {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    switch (failure) {
      case null -> {
        return result;
      }
      case ErrnoException e -> throw e;
      case StartException e -> throw e;
      case Exception e -> throw new IllegalStateException(e);
    }
  }
}
