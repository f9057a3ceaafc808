package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.runtime.shell.UserProcess;
import io.hubspoke.kubelet.runtime.shell.UserSpace;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.SocketDuplex;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs images inside this process, built-in ones and those it was given, each on an event loop:
 * what a thousand nodes on one machine can afford. Pods get loopback addresses of the node's range,
 * or the node's own address where there is no range.
 */
public final class InProcessRuntime implements ContainerRuntime {
  private static final List<String> BUILT_IN =
      List.of("hubspoke/pause", "hubspoke/echo", "hubspoke/ticker", "hubspoke/shell");
  private static final int DIAL_MILLIS = 30_000;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Vertx vertx;
  private final String nodeIp;
  private final long maxLogSize;
  private final ListenAddresses listen;
  private final Map<String, InProcessImage> brought;
  private final List<String> images;
  private final PodNetwork network = new PodNetwork();
  private final Set<RunningProgram> running = ConcurrentHashMap.newKeySet();

  /** Made when a port is forwarded: of thousands of nodes in a process few are asked to. */
  private NetClient tcp;

  /** Makes a runtime of one node whose pods listen on their own addresses. */
  public InProcessRuntime(Vertx vertx, String nodeIp, long maxLogSize) {
    this(vertx, nodeIp, maxLogSize, ListenAddresses.SAME, List.of());
  }

  /**
   * Makes a runtime of one node.
   *
   * @param nodeIp the address of pods on the host's network
   * @param maxLogSize bytes after which a log file is rotated
   * @param listen where pods' programs listen
   * @param brought images beside the built-in ones
   */
  public InProcessRuntime(
      Vertx vertx,
      String nodeIp,
      long maxLogSize,
      ListenAddresses listen,
      List<InProcessImage> brought) {
    this.vertx = vertx;
    this.nodeIp = nodeIp;
    this.maxLogSize = maxLogSize;
    this.listen = listen;
    this.brought =
        brought.stream().collect(Collectors.toUnmodifiableMap(InProcessImage::name, i -> i));
    this.images =
        Stream.concat(BUILT_IN.stream(), brought.stream().map(InProcessImage::name)).toList();
  }

  private synchronized NetClient tcp() {
    if (tcp == null) {
      tcp =
          vertx.createNetClient(
              new NetClientOptions().setConnectTimeout(DIAL_MILLIS).setTcpNoDelay(true));
    }
    return tcp;
  }

  @Override
  public Future<Void> start() {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> stop() {
    return Future.join(
            running.stream()
                .map(program -> program.stop(Duration.ZERO).compose(exit -> program.gone()))
                .toList())
        .mapEmpty();
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
    return images;
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
    return images.contains(name)
        ? Future.succeededFuture(new ImageRef(image, 0, true))
        : Future.failedFuture(
            new ImageException(
                "failed to resolve image \""
                    + image
                    + "\": not found; this node's runtime has "
                    + String.join(", ", images)
                    + " and pulls nothing"));
  }

  @Override
  public Future<Void> check(
      io.fabric8.kubernetes.api.model.Pod pod, io.fabric8.kubernetes.api.model.Container spec) {
    return InProcessDemands.refused(pod, spec)
        .map(
            field ->
                Future.<Void>failedFuture(
                    new ConfigException(field + " is not supported by the runtime " + version())))
        .orElseGet(Future::succeededFuture);
  }

  @Override
  public Future<Container> startContainer(Sandbox sandbox, ContainerConfig given) {
    String hostname = EtcHosts.hostname(given.pod());
    // The pod goes on changing; as it is now it would be kept as long as the program runs.
    ContainerConfig config = given.ofNamedPod();
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    ContainerLog log = new ContainerLog(config.logFile(), maxLogSize);
    boolean sharedIp = sandbox.ip().equals(nodeIp);
    Program.Surroundings surroundings =
        new Program.Surroundings(
            context,
            sandbox.ip(),
            listen.of(sandbox.ip()),
            sharedIp,
            config,
            new Console(context, log, config));
    String image = repository(config.image());
    List<String> main = new ArrayList<>(config.command());
    if (main.isEmpty()) {
      InProcessImage own = brought.get(image);
      main.add(own == null ? image : own.entrypoint());
    }
    main.addAll(config.args());
    Supplier<UserSpace> space =
        () -> new UserSpace(config, hostname, sandbox.ip(), List.copyOf(main));
    RunningProgram container = new RunningProgram(newId(), surroundings, log, space);
    try {
      Program program = program(image, surroundings, container);
      running.add(container);
      container.gone().onComplete(gone -> running.remove(container));
      return Future.succeededFuture(container.start(program));
    } catch (StartException e) {
      return Future.failedFuture(e);
    }
  }

  private Program program(
      String image, Program.Surroundings surroundings, RunningProgram container) {
    ContainerConfig config = surroundings.config();
    InProcessImage own = brought.get(image);
    if (own != null && own.runs(config.command())) {
      return own.program().apply(surroundings);
    }
    List<String> command = new ArrayList<>(config.command());
    boolean shell = image.equals("hubspoke/shell");
    if (command.isEmpty() && shell && !config.args().isEmpty()) {
      command.add("sh");
    }
    if (!command.isEmpty() || shell) {
      if (!command.isEmpty()) {
        command.addAll(config.args());
        checkStart(container.space(), command);
      }
      return new UserProgram(surroundings, container.space(), List.copyOf(command));
    }
    return switch (image) {
      case "hubspoke/pause" -> new Pause();
      case "hubspoke/echo" -> new Echo(surroundings);
      case "hubspoke/ticker" -> new Ticker(surroundings);
      default -> throw new StartException("no image \"" + config.image() + "\"");
    };
  }

  private static void checkStart(UserSpace space, List<String> command) {
    try {
      UserProcess.check(space, command);
    } catch (StartException e) {
      throw new StartException("failed to start container: " + e.getMessage());
    }
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
    try {
      return Future.succeededFuture(running(container).exec(command, streams));
    } catch (StartException e) {
      return Future.failedFuture(e);
    }
  }

  @Override
  public Future<RemoteProcess> attach(Container container, RemoteCommand streams) {
    try {
      return Future.succeededFuture(running(container).attach(streams));
    } catch (StartException e) {
      return Future.failedFuture(e);
    }
  }

  private static RunningProgram running(Container container) {
    if (container instanceof RunningProgram program && !program.exited().isComplete()) {
      return program;
    }
    throw new StartException("container " + container.id() + " is not running");
  }

  @Override
  public Future<Duplex> portForward(Sandbox sandbox, int port) {
    String address = listen.of(sandbox.ip());
    return SocketDuplex.connect(vertx, tcp(), SocketAddress.inetSocketAddress(port, address))
        .recover(
            failure ->
                Future.failedFuture(
                    new IOException(
                        "failed to connect to port "
                            + port
                            + " in the pod: dial tcp4 "
                            + address
                            + ":"
                            + port
                            + ": "
                            + (failure instanceof ConnectException
                                ? "connect: connection refused"
                                : failure.getMessage()))));
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
}
