package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.EtcHosts;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs containers as processes of this machine. On Linux as root each pod has a network of its own
 * and each container PID and mount namespaces with a root of its own; elsewhere they are processes
 * like any others. {@link #version()} says which: {@code +shared-network} when pods have no network
 * of their own, {@code +no-namespaces} when containers have none at all.
 *
 * <p>A pod with a network of its own reaches the machine at its gateway, other such pods of the
 * machine, and the service {@code kubernetes}; of what listens in 127.0.0.0/8, which is the pod
 * itself there, nothing else. Limits of processor and memory are not enforced; ports of the host
 * are not mapped.
 */
public final class ProcessRuntime implements ContainerRuntime {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessRuntime.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Duration LAST_GRACE = Duration.ofSeconds(1);

  private final VertxInternal vertx;
  private final String nodeIp;
  private final Path directory;
  private final Path imageDirectory;
  private final Path hidden;
  private final long maxLogSize;
  private final PodAddresses addresses = new PodAddresses();
  private final RunRecords records;
  private final Map<String, PodSandbox> sandboxes = new ConcurrentHashMap<>();
  private final Map<String, ContainerProcess> containers = new ConcurrentHashMap<>();

  private final Map<String, ServiceRelay> relays = new ConcurrentHashMap<>();
  private final Set<RemoteProcess> execs = ConcurrentHashMap.newKeySet();

  /** When what is left of a container is gone, by ID. */
  private final Map<String, Future<Void>> ends = new ConcurrentHashMap<>();

  /** Threads that wait for what the system does; a few, for a while. */
  private final ExecutorService waiting =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("process-", 0).factory());

  private volatile Isolation isolation = new Isolation(false, false, "not started", null);
  private volatile Images images;
  private volatile ContainerStart starts;
  private FdPoller poller;
  private Watchdog watchdog;

  /**
   * Makes a runtime of one node.
   *
   * @param nodeIp the address of pods on the machine's network
   * @param rootDir the kubelet's files, which no container sees
   * @param imageDirectory with a folder for each image, or null
   * @param maxLogSize bytes after which a log file is rotated
   */
  public ProcessRuntime(
      Vertx vertx, String nodeIp, Path rootDir, Path imageDirectory, long maxLogSize) {
    this.vertx = (VertxInternal) vertx;
    this.nodeIp = nodeIp;
    this.hidden = rootDir.toAbsolutePath().normalize();
    this.directory = hidden.resolve("process");
    this.imageDirectory =
        imageDirectory == null ? null : imageDirectory.toAbsolutePath().normalize();
    this.maxLogSize = maxLogSize;
    this.records = new RunRecords(directory.resolve("running"), newId());
  }

  @Override
  public Future<Void> start() {
    return waiting(
        () -> {
          Files.createDirectories(directory);
          records.endLeftovers();
          DirectoryTree.delete(directory.resolve("containers"));
          if (Libc.LINUX) {
            watchdog = Watchdog.start(Files.createDirectories(records.directory()));
          }
          poller = new FdPoller();
          isolation = Isolation.probe(directory.resolve("containers/probe"));
          images = new Images(imageDirectory, directory.resolve("images"), isolation.containers());
          starts =
              new ContainerStart(
                  vertx, poller, isolation, images, records, directory, hidden, maxLogSize);
          if (isolation.reason().isEmpty()) {
            LOG.info("each container has namespaces of its own, each pod its own network");
          } else {
            LOG.warn("{}", isolation.reason());
          }
          return null;
        });
  }

  @Override
  public Future<Void> stop() {
    containers.values().forEach(container -> container.stop(LAST_GRACE));
    List<RemoteProcess> open = List.copyOf(execs);
    open.forEach(RemoteProcess::close);
    return Future.join(List.copyOf(ends.values()))
        .eventually(() -> Future.join(open.stream().map(RemoteProcess::exited).toList()))
        .eventually(
            () ->
                Future.join(
                    sandboxes.values().stream()
                        .map(s -> removeSandbox(new Sandbox(s.id(), s.ip())))
                        .toList()))
        .otherwiseEmpty()
        .compose(done -> waiting(this::letWatchdogGo))
        .otherwiseEmpty()
        .map(
            done -> {
              if (poller != null) {
                poller.close();
              }
              waiting.shutdown();
              return null;
            });
  }

  @Override
  public String version() {
    return "process://0.1.0"
        + (isolation.network()
            ? ""
            : isolation.containers() ? "+shared-network" : "+no-namespaces");
  }

  @Override
  public boolean mountsHostPaths() {
    return isolation.containers();
  }

  @Override
  public List<String> images() {
    Images present = images;
    return present == null ? List.of() : present.names();
  }

  @Override
  public void updatePodCidr(String cidr) {
    addresses.range(cidr);
  }

  @Override
  public Future<Sandbox> runSandbox(SandboxConfig config) {
    return waiting(
        () -> {
          String id = newId();
          if (!isolation.containers()) {
            return keep(new PodSandbox(id, config, SandboxNamespaces.HOST, nodeIp, null));
          }
          boolean own =
              !config.hostNetwork() && isolation.network() && addresses.known() && usable();
          SandboxNamespaces namespaces =
              SandboxNamespaces.make(
                  config.hostNetwork() ? null : EtcHosts.hostname(config.pod()), own);
          if (!own) {
            return keep(new PodSandbox(id, config, namespaces, nodeIp, null));
          }
          String address = null;
          try {
            address = addresses.allocate();
            PodLink.lay(namespaces, link(id), address, addresses.gateway(), addresses.cluster());
          } catch (ErrnoException | IOException | RuntimeException e) {
            namespaces.close();
            if (address != null) {
              addresses.release(address);
            }
            throw e;
          }
          return keep(new PodSandbox(id, config, namespaces, address, address));
        });
  }

  private RemoteProcess keep(RemoteProcess process) {
    execs.add(process);
    process.exited().onComplete(code -> execs.remove(process));
    return process;
  }

  /**
   * Makes the service {@code kubernetes} reachable where its address is the pod itself.
   *
   * @param services what the pod is told of them: the container's own variables could name anything
   *     that listens on this machine
   */
  private synchronized void relay(PodSandbox sandbox, Map<String, String> services)
      throws ErrnoException {
    String host = services.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = services.getOrDefault("KUBERNETES_SERVICE_PORT", "");
    if (sandbox.address() != null
        && host.matches("127(\\.\\d{1,3}){3}")
        && port.matches("\\d{1,5}")
        && !relays.containsKey(sandbox.id())) {
      relays.put(
          sandbox.id(),
          ServiceRelay.start(
              sandbox.namespaces(),
              host,
              Integer.parseInt(port),
              poller,
              vertx::createEventLoopContext));
    }
  }

  private boolean usable() throws IOException {
    Optional<String> conflict = addresses.conflict();
    conflict.ifPresent(
        name ->
            LOG.warn(
                "pods share the machine's network: its interface {} has an address in {}",
                name,
                addresses.cluster()));
    return conflict.isEmpty();
  }

  private static String link(String sandbox) {
    return PodLink.PREFIX + sandbox.substring(0, 12);
  }

  private Sandbox keep(PodSandbox sandbox) {
    sandboxes.put(sandbox.id(), sandbox);
    return new Sandbox(sandbox.id(), sandbox.ip());
  }

  @Override
  public Future<Void> removeSandbox(Sandbox sandbox) {
    PodSandbox known = sandboxes.remove(sandbox.id());
    if (known == null) {
      return Future.succeededFuture();
    }
    return waiting(
        () -> {
          if (known.address() != null) {
            try {
              // Gone with its namespace sooner or later; at once, so that the address is free.
              PodLink.remove(link(known.id()));
            } catch (StartException e) {
              LOG.warn("{}", e.getMessage());
            }
            addresses.release(known.address());
          }
          ServiceRelay relay = relays.remove(known.id());
          if (relay != null) {
            relay.close();
          }
          known.namespaces().close();
          return null;
        });
  }

  @Override
  public Future<ImageRef> pullImage(String image) {
    return waiting(() -> new ImageRef(images.find(image).name(), 0, true));
  }

  @Override
  public Future<Container> startContainer(Sandbox sandbox, ContainerConfig config) {
    PodSandbox known = sandboxes.get(sandbox.id());
    if (known == null) {
      return Future.failedFuture(new StartException("the pod's sandbox is gone"));
    }
    String id = newId();
    return waiting(
        () -> {
          relay(known, config.services());
          ContainerProcess container = starts.start(id, known, config);
          containers.put(id, container);
          Future<Void> end =
              container
                  .exited()
                  .compose(exit -> waiting(() -> starts.cleanUp(id)))
                  .onFailure(e -> LOG.warn("container {}: {}", id, e.getMessage()));
          ends.put(id, end);
          end.onComplete(
              done -> {
                containers.remove(id);
                ends.remove(id);
              });
          return container;
        });
  }

  @Override
  public Future<RemoteProcess> exec(
      Container container, List<String> command, RemoteCommand streams) {
    ContextInternal context = streamContext();
    ContainerProcess known = containers.get(container.id());
    if (known == null) {
      return context.failedFuture(new StartException("container not running"));
    }
    return waiting(() -> keep(new ExecStart(context, poller).start(known, command, streams)));
  }

  @Override
  public Future<RemoteProcess> attach(Container container, RemoteCommand streams) {
    ContainerProcess known = containers.get(container.id());
    return known == null
        ? Future.failedFuture(new StartException("container not running"))
        : Future.succeededFuture(known.attach(streams));
  }

  @Override
  public Future<Duplex> portForward(Sandbox sandbox, int port) {
    ContextInternal context = streamContext();
    PodSandbox known = sandboxes.get(sandbox.id());
    if (known == null) {
      return context.failedFuture(new StartException("sandbox " + sandbox.id() + " not found"));
    }
    return waiting(() -> new FdDuplex(context, poller, LocalConnection.open(known, port)));
  }

  @Override
  public Future<Optional<Usage>> usage(Container container) {
    ContainerProcess known = containers.get(container.id());
    if (known == null || !Libc.LINUX) {
      return Future.succeededFuture(Optional.empty());
    }
    return waiting(
        () -> {
          List<ProcessTable.Entry> members =
              known.setting().namespaced()
                  ? ProcessTable.namespace(known.child().pid())
                  : ProcessTable.withEnvironment(PlainContainers.mark(container.id()));
          return members.isEmpty()
              ? Optional.empty()
              : Optional.of(
                  new Usage(
                      Instant.now(),
                      members.stream().mapToLong(ProcessTable.Entry::cpuNanos).sum(),
                      members.stream().mapToLong(ProcessTable.Entry::memory).sum()));
        });
  }

  private Void letWatchdogGo() throws IOException {
    if (watchdog != null) {
      watchdog.stop();
      DirectoryTree.delete(records.directory());
    }
    return null;
  }

  /** A step that waits for the system. */
  private interface Step<T> {
    T take() throws ErrnoException, IOException;
  }

  private <T> Future<T> waiting(Step<T> step) {
    Promise<T> promise = vertx.promise();
    try {
      waiting.execute(
          () -> {
            T result;
            try {
              result = step.take();
            } catch (ErrnoException e) {
              promise.fail(new StartException(e.getMessage()));
              return;
            } catch (IOException | RuntimeException e) {
              promise.fail(e);
              return;
            }
            promise.complete(result);
          });
    } catch (RejectedExecutionException e) {
      promise.fail(new StartException("the runtime has stopped"));
    }
    return promise.future();
  }

  /** Returns the caller's event loop, or one for what has none. */
  private ContextInternal streamContext() {
    ContextInternal current = vertx.getContext();
    return current != null && current.isEventLoopContext()
        ? current
        : vertx.createEventLoopContext();
  }

  private static String newId() {
    byte[] id = new byte[32];
    RANDOM.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }
}
