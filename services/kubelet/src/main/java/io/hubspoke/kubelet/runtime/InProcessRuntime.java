package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs built-in images inside this process, each on an event loop: what a thousand nodes on one
 * machine can afford. Pods get loopback addresses of the node's range, or the node's own address
 * where there is no range.
 */
public final class InProcessRuntime implements ContainerRuntime {
  private static final List<String> IMAGES =
      List.of("hubspoke/pause", "hubspoke/echo", "hubspoke/ticker");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Vertx vertx;
  private final String nodeIp;
  private final long maxLogSize;
  private final ListenAddresses listen;
  private final PodNetwork network = new PodNetwork();

  /** Makes a runtime of one node whose pods listen on their own addresses. */
  public InProcessRuntime(Vertx vertx, String nodeIp, long maxLogSize) {
    this(vertx, nodeIp, maxLogSize, ListenAddresses.SAME);
  }

  /**
   * Makes a runtime of one node.
   *
   * @param nodeIp the address of pods on the host's network
   * @param maxLogSize bytes after which a log file is rotated
   * @param listen where pods' programs listen
   */
  public InProcessRuntime(Vertx vertx, String nodeIp, long maxLogSize, ListenAddresses listen) {
    this.vertx = vertx;
    this.nodeIp = nodeIp;
    this.maxLogSize = maxLogSize;
    this.listen = listen;
  }

  @Override
  public Future<Void> start() {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> stop() {
    return Future.succeededFuture();
  }

  @Override
  public boolean mountsHostPaths() {
    return false;
  }

  @Override
  public String version() {
    return "hubspoke://0.1.0";
  }

  @Override
  public List<String> images() {
    return IMAGES;
  }

  @Override
  public void updatePodCidr(String cidr) {
    network.range(cidr);
  }

  @Override
  public Future<Sandbox> runSandbox(SandboxConfig config) {
    try {
      boolean own = !config.hostNetwork() && network.hasRange();
      return Future.succeededFuture(new Sandbox(newId(), own ? network.allocate() : nodeIp));
    } catch (IllegalStateException e) {
      return Future.failedFuture(e);
    }
  }

  @Override
  public Future<ImageRef> pullImage(String image) {
    String name = repository(image);
    return IMAGES.contains(name)
        ? Future.succeededFuture(new ImageRef(image, 0, true))
        : Future.failedFuture(
            new ImageException(
                "failed to resolve image \""
                    + image
                    + "\": not found; this node's runtime has "
                    + String.join(", ", IMAGES)
                    + " and pulls nothing"));
  }

  @Override
  public Future<Container> startContainer(Sandbox sandbox, ContainerConfig config) {
    if (!config.command().isEmpty()) {
      return Future.failedFuture(
          new StartException(
              "failed to start container: exec: \""
                  + config.command().getFirst()
                  + "\": executable file not found in $PATH"));
    }
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    ContainerLog log = new ContainerLog(config.logFile(), maxLogSize);
    Program.Surroundings surroundings =
        new Program.Surroundings(
            context,
            sandbox.ip(),
            listen.of(sandbox.ip()),
            sandbox.ip().equals(nodeIp),
            config,
            log);
    Program program =
        switch (repository(config.image())) {
          case "hubspoke/pause" -> new Pause();
          case "hubspoke/echo" -> new Echo(surroundings);
          case "hubspoke/ticker" -> new Ticker(surroundings);
          default -> null;
        };
    if (program == null) {
      return Future.failedFuture(new StartException("no image \"" + config.image() + "\""));
    }
    return Future.succeededFuture(
        new RunningProgram(newId(), Instant.now(), context, program, log).start());
  }

  @Override
  public Future<Void> removeSandbox(Sandbox sandbox) {
    if (!sandbox.ip().equals(nodeIp)) {
      network.release(sandbox.ip());
    }
    return Future.succeededFuture();
  }

  @Override
  public Future<RemoteProcess> exec(
      Container container, List<String> command, RemoteCommand streams) {
    return Future.failedFuture(new StartException("exec is not supported by this runtime"));
  }

  @Override
  public Future<RemoteProcess> attach(Container container, RemoteCommand streams) {
    return Future.failedFuture(new StartException("attach is not supported by this runtime"));
  }

  @Override
  public Future<Duplex> portForward(Sandbox sandbox, int port) {
    return Future.failedFuture(new StartException("port-forward is not supported by this runtime"));
  }

  @Override
  public Future<Optional<Usage>> usage(Container container) {
    return Future.succeededFuture(Optional.empty());
  }

  /** Cuts registry host, tag and digest off. */
  private static String repository(String image) {
    String name = image.startsWith("docker.io/") ? image.substring(10) : image;
    int digest = name.indexOf('@');
    name = digest < 0 ? name : name.substring(0, digest);
    int tag = name.indexOf(':', name.lastIndexOf('/') + 1);
    return tag < 0 ? name : name.substring(0, tag);
  }

  private static String newId() {
    byte[] id = new byte[32];
    RANDOM.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  /** A running program as a container. */
  private static final class RunningProgram implements Container {
    private final String id;
    private final Instant startedAt;
    private final ContextInternal context;
    private final Program program;
    private final ContainerLog log;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Promise<Exit> exited = Promise.promise();

    RunningProgram(
        String id, Instant startedAt, ContextInternal context, Program program, ContainerLog log) {
      this.id = id;
      this.startedAt = startedAt;
      this.context = context;
      this.program = program;
      this.log = log;
    }

    RunningProgram start() {
      context.runOnContext(
          v ->
              program
                  .run()
                  .onComplete(r -> exit(r.succeeded() ? r.result() : Program.SIGNALLED - 1)));
      return this;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public Instant startedAt() {
      return startedAt;
    }

    @Override
    public Future<Exit> exited() {
      return exited.future();
    }

    @Override
    public Future<Exit> stop(Duration grace) {
      context.runOnContext(
          v -> {
            if (!grace.isZero()) {
              program.terminate();
            }
            if (exited.future().isComplete()) {
              return;
            }
            long timer =
                context.setTimer(
                    Math.max(1, grace.toMillis()),
                    id -> {
                      program.kill();
                      exit(Program.SIGNALLED + Program.SIGKILL);
                    });
            exited.future().onComplete(done -> context.owner().cancelTimer(timer));
          });
      return exited.future();
    }

    private void exit(int code) {
      if (ended.compareAndSet(false, true)) {
        Exit exit = new Exit(code, Instant.now());
        // Who hears of the end reads the log to its end, so its last line has to be there.
        log.settled().onComplete(done -> exited.complete(exit));
      }
    }
  }
}
