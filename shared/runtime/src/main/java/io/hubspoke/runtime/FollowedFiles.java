package io.hubspoke.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds what files say, and reads them again when they have changed: by writing, by a rename, or by
 * a link on the way that points elsewhere, as mounted volumes are replaced. Files that can't be
 * read, or don't belong together, leave the value as it is; that is said once.
 *
 * <p>Looks at the files instead of waiting for events of them: a volume's links lead through
 * directories that come and go, and nobody waits for a second.
 */
public final class FollowedFiles<T> {
  private static final Logger LOG = LoggerFactory.getLogger(FollowedFiles.class);

  /** Looks of this process in all: thousands of kubelets in it look less often each. */
  private static final int LOOKS_A_SECOND = 500;

  private static final AtomicInteger FOLLOWING = new AtomicInteger();

  private final Vertx vertx;
  private final String flags;
  private final Function<T, List<Path>> files;
  private final Callable<T> reading;
  private final AtomicBoolean looking = new AtomicBoolean();
  private List<Object> stamps = List.of();
  private String failure = "";
  private Consumer<T> listener = changed -> {};
  private volatile T current;
  private volatile boolean stopped;
  private volatile long timer = -1;

  /** Reads always the same files; they are named by flags in what goes wrong. */
  public FollowedFiles(Vertx vertx, String flags, List<Path> files, Callable<T> reading)
      throws IOException {
    this(vertx, flags, ignored -> files, reading);
  }

  /**
   * Begins with what is known already, and reads at the first look.
   *
   * @param files where a value has come from
   * @param reading must not return null
   */
  public FollowedFiles(
      Vertx vertx, String flags, T known, Function<T, List<Path>> files, Callable<T> reading) {
    this.vertx = vertx;
    this.flags = flags;
    this.files = files;
    this.reading = reading;
    this.current = known;
  }

  /**
   * Reads files of which some are named in others.
   *
   * @param files where a value has come from
   * @param reading must not return null
   * @throws IOException naming the flags, when the files can't be read the first time
   */
  public FollowedFiles(
      Vertx vertx, String flags, Function<T, List<Path>> files, Callable<T> reading)
      throws IOException {
    this.vertx = vertx;
    this.flags = flags;
    this.files = files;
    this.reading = reading;
    // Between stamping and reading they may change: they are read again then, never missed.
    T first = Flag.read(flags, reading);
    this.stamps = stamps(files.apply(first));
    this.current = Flag.read(flags, reading);
  }

  /** Returns what the files said when they could last be read. */
  public T current() {
    return current;
  }

  /**
   * Looks at the files again and again until {@link #stop}.
   *
   * @param changed gets a value that differs from the last one, on a worker thread
   */
  public void follow(Duration every, Consumer<T> changed) {
    synchronized (this) {
      listener = changed;
    }
    FOLLOWING.incrementAndGet();
    // A thousand kubelets that started together need not look together.
    lookAfter(1 + ThreadLocalRandom.current().nextLong(every.toMillis()), every);
  }

  private void lookAfter(long millis, Duration every) {
    timer =
        vertx.setTimer(
            millis,
            t -> {
              lookAfter(period(every.toMillis(), FOLLOWING.get()), every);
              look();
            });
    if (stopped) {
      vertx.cancelTimer(timer);
    }
  }

  /** Returns how long to wait when so many are followed in this process. */
  static long period(long millis, int following) {
    return Math.max(millis, 1000L * following / LOOKS_A_SECOND);
  }

  /** Looks no more; once for each {@link #follow}. */
  public void stop() {
    if (timer != -1 && !stopped) {
      FOLLOWING.decrementAndGet();
    }
    stopped = true;
    vertx.cancelTimer(timer);
  }

  /** Looks at the files now; returns whether there is another value. Reads files, so it blocks. */
  public synchronized boolean check() {
    List<Object> now = stamps(files.apply(current));
    if (now.equals(stamps) && failure.isEmpty()) {
      return false;
    }
    try {
      T read = reading.call();
      stamps = now;
      failure = "";
      if (read.equals(current)) {
        return false;
      }
      current = read;
    } catch (Exception e) {
      stamps = now;
      String reason = Component.reason(e);
      if (!reason.equals(failure)) {
        LOG.warn("{}: what was read before stays in use: {}", flags, reason);
        failure = reason;
      }
      return false;
    }
    listener.accept(current);
    return true;
  }

  private void look() {
    if (stopped || !looking.compareAndSet(false, true)) {
      return;
    }
    Future<Boolean> checked;
    try {
      checked = vertx.executeBlocking(this::check, false);
    } catch (RuntimeException closing) {
      looking.set(false);
      return;
    }
    checked.onComplete(
        done -> {
          looking.set(false);
          if (done.failed() && !stopped) {
            LOG.error("{}: a change was not taken over", flags, done.cause());
          }
        });
  }

  /** What tells one content of the files from another: which file it is, its size and times. */
  private static List<Object> stamps(List<Path> files) {
    List<Object> stamps = new ArrayList<>();
    for (Path file : files) {
      stamps.add(file);
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        stamps.add(List.of(attributes.size(), attributes.lastModifiedTime()));
        if (attributes.fileKey() != null) {
          stamps.add(attributes.fileKey());
        }
      } catch (IOException absent) {
        stamps.add(absent.getClass());
      }
    }
    return stamps;
  }
}
