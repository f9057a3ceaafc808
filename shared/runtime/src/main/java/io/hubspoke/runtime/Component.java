package io.hubspoke.runtime;

import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.PrintStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Runs one component in the foreground until the process is told to stop. */
public final class Component {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  /** What is still to be done when the process ends. */
  private static final Queue<Runnable> LAST = new ConcurrentLinkedQueue<>();

  private Component() {}

  /** Makes the Vert.x instance that components share: few threads, no class-path file cache. */
  public static Vertx vertx() {
    return Vertx.vertx(options());
  }

  /** Returns the options of {@link #vertx()}, for those who add to them. */
  public static VertxOptions options() {
    return new VertxOptions()
        .setPreferNativeTransport(false)
        // A report of a blocked event loop says where it is.
        .setWarningExceptionTime(2)
        .setWarningExceptionTimeUnit(TimeUnit.SECONDS)
        .setEventLoopPoolSize(Math.max(2, Runtime.getRuntime().availableProcessors()))
        .setWorkerPoolSize(4)
        .setInternalBlockingPoolSize(4)
        .setAddressResolverOptions(new AddressResolverOptions().setQueryTimeout(2000))
        .setFileSystemOptions(
            new FileSystemOptions()
                .setFileCachingEnabled(false)
                .setClassPathResolvingEnabled(false));
  }

  /**
   * Deploys a verticle and waits for SIGINT or SIGTERM, then stops it in order. A verticle that
   * can't start is one line on {@code err}.
   *
   * @return the exit status: 0 after an orderly stop, 1 when it could not start
   */
  public static int run(Deployable verticle, PrintStream err) {
    return run(verticle, Promise.<Void>promise().future(), err);
  }

  /**
   * Runs a verticle as {@link #run(Deployable, PrintStream)} does, and gives it another time to
   * stop.
   */
  public static int run(Deployable verticle, Duration stopLimit, PrintStream err) {
    return run(verticle, Promise.<Void>promise().future(), stopLimit, err);
  }

  /**
   * Runs a verticle as {@link #run(Deployable, PrintStream)} does, and ends as well when it fails
   * for good after it has started, of which it has told itself.
   *
   * @param joined fails when there is nothing left to do for the verticle
   */
  public static int run(Deployable verticle, Future<?> joined, PrintStream err) {
    return run(verticle, joined, STOP_LIMIT, err);
  }

  /** Does both. */
  public static int run(
      Deployable verticle, Future<?> joined, Duration stopLimit, PrintStream err) {
    Vertx vertx = vertx();
    String deployment;
    try {
      deployment = await(vertx.deployVerticle(verticle));
    } catch (Exception e) {
      err.println("error: " + reason(e));
      close(vertx.close(), stopLimit, err);
      return 1;
    }
    CountDownLatch ended = new CountDownLatch(1);
    joined.onFailure(e -> ended.countDown());
    awaitSignal(() -> stop(vertx, deployment), ended, stopLimit, err);
    return joined.failed() ? 1 : 0;
  }

  /** Vert.x itself closes clients before it stops the verticles that still use them. */
  static Future<Void> stop(Vertx vertx, String deployment) {
    // Of no context, since none of Vert.x's completes anything any more when it is closed.
    Promise<Void> stopped = Promise.promise();
    vertx
        .undeploy(deployment)
        .onComplete(
            undeployed ->
                vertx
                    .close()
                    .onComplete(
                        closed ->
                            stopped.complete(
                                null, undeployed.failed() ? undeployed.cause() : closed.cause())));
    return stopped.future();
  }

  /**
   * Blocks until the process is told to stop, and holds its end back until {@code stop} is done.
   * Who was told to stop and did ends with status 0, as Kubernetes' own components do, and with 1
   * when something was left undone: without, the JVM would end with the status of the signal.
   */
  public static void awaitSignal(Supplier<Future<Void>> stop, PrintStream err) {
    awaitSignal(stop, new CountDownLatch(1), STOP_LIMIT, err);
  }

  private static void awaitSignal(
      Supplier<Future<Void>> stop, CountDownLatch stopped, Duration limit, PrintStream err) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  boolean told = stopped.getCount() > 0;
                  boolean orderly = close(stop.get(), limit, err);
                  stopped.countDown();
                  if (told) {
                    doLast();
                    err.flush();
                    Runtime.getRuntime().halt(orderly ? 0 : 1);
                  }
                },
                "stop"));
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Has something small done when the process ends. A component that was told to stop ends it
   * without waiting for the shutdown hooks of others, but with this done.
   */
  public static void atEnd(Runnable last) {
    LAST.add(last);
    Runtime.getRuntime().addShutdownHook(new Thread(Component::doLast, "last"));
  }

  /** One thread at a time, so that who finds nothing left to do finds it done. */
  private static synchronized void doLast() {
    for (var last = LAST.poll(); last != null; last = LAST.poll()) {
      last.run();
    }
  }

  /** Waits for a future from a thread that may block: the main thread or a test's. */
  public static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get();
    } catch (java.util.concurrent.ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** Returns what went wrong in one line, for people. */
  public static String reason(Throwable e) {
    Throwable cause = e;
    while (cause.getMessage() == null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    // Their messages are the file's name alone.
    if (cause instanceof NoSuchFileException missing && missing.getReason() == null) {
      return missing.getFile() + ": no such file";
    }
    if (cause instanceof AccessDeniedException denied && denied.getReason() == null) {
      return denied.getFile() + ": permission denied";
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  private static boolean close(Future<Void> closing, Duration limit, PrintStream err) {
    try {
      closing.toCompletionStage().toCompletableFuture().get(limit.toSeconds(), TimeUnit.SECONDS);
      return true;
    } catch (TimeoutException e) {
      err.println("error: did not stop within " + limit.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException e) {
      err.println("error: while stopping: " + reason(e.getCause()));
    }
    return false;
  }
}
