package io.hubspoke.kubelet.runtime.process;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** A process runtime with one pod, for tests. */
final class ProcessNode implements AutoCloseable {
  private static final AtomicInteger RANGES = new AtomicInteger();

  final Vertx vertx;
  final ProcessRuntime runtime;
  final Path directory;
  final Sandbox sandbox;
  private final Pod pod;
  private Map<String, String> services = Map.of();
  private int logs;

  ProcessNode(Path directory) throws Exception {
    this(directory, UnaryOperator.identity());
  }

  ProcessNode(Path directory, UnaryOperator<PodBuilder> edit) throws Exception {
    this.vertx = Vertx.vertx();
    this.directory = directory;
    this.runtime =
        new ProcessRuntime(
            vertx, "127.0.0.1", directory.resolve("kubelet"), directory.resolve("images"), 1 << 20);
    Await.result(runtime.start());
    // Another range for each, as the lab's nodes have: tests run side by side.
    runtime.updatePodCidr(
        "127.%d.%d.0/24"
            .formatted(64 + ProcessHandle.current().pid() % 64, RANGES.incrementAndGet() % 256));
    this.pod =
        edit.apply(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace("default")
                    .withName("web-0")
                    .withUid("u-1")
                    .endMetadata()
                    .withNewSpec()
                    .endSpec())
            .build();
    this.sandbox =
        Await.result(runtime.runSandbox(new SandboxConfig(pod, directory.resolve("logs"))));
  }

  /** Tells containers that start from now on of services. */
  void tell(Map<String, String> told) {
    services = told;
  }

  boolean namespaced() {
    return runtime.mountsHostPaths();
  }

  Run sh(String script) throws Exception {
    return run(c -> c.withCommand("/bin/sh", "-c", script));
  }

  Run run(UnaryOperator<ContainerBuilder> edit) throws Exception {
    return run(edit, Map.of(), List.of());
  }

  Run run(UnaryOperator<ContainerBuilder> edit, Map<String, String> env, List<Mount> mounts)
      throws Exception {
    Path log = directory.resolve("logs/" + logs++ + ".log");
    return new Run(Await.result(start(edit, env, mounts, log)), log);
  }

  Throwable failure(UnaryOperator<ContainerBuilder> edit) throws Exception {
    return Await.failure(start(edit, Map.of(), List.of(), directory.resolve("logs/failed.log")));
  }

  private Future<ContainerRuntime.Container> start(
      UnaryOperator<ContainerBuilder> edit, Map<String, String> env, List<Mount> mounts, Path log) {
    Container spec =
        edit.apply(new ContainerBuilder().withName("c").withImage("hubspoke/host")).build();
    return runtime.startContainer(
        sandbox,
        new ContainerConfig(
            pod, spec, spec.getCommand(), spec.getArgs(), env, services, mounts, log, 0));
  }

  RemoteProcess exec(Run run, RemoteCommand streams, String... command) throws Exception {
    return Await.result(runtime.exec(run.container, List.of(command), streams));
  }

  Said sh(Run run, String script) throws Exception {
    return said(exec(run, new RemoteCommand(false, true, true, false), "/bin/sh", "-c", script));
  }

  /** Reads a process to its end. */
  static Said said(RemoteProcess process) throws Exception {
    Future<String> out = all(process.stdout());
    Future<String> err =
        process.stderr() == null ? Future.succeededFuture("") : all(process.stderr());
    return new Said(Await.result(out), Await.result(err), Await.result(process.exited()));
  }

  static Future<String> all(ReadStream<Buffer> stream) {
    Promise<String> promise = Promise.promise();
    Buffer collected = Buffer.buffer();
    stream.handler(collected::appendBuffer);
    stream.endHandler(v -> promise.complete(collected.toString()));
    stream.resume();
    return promise.future();
  }

  record Said(String out, String err, int code) {}

  @Override
  public void close() {
    try {
      Await.result(runtime.stop());
      Await.result(vertx.close());
    } catch (Exception e) {
      throw new AssertionError("not stopped", e);
    }
  }

  /** A container that was started, with its log. */
  record Run(ContainerRuntime.Container container, Path log) {
    int code() throws Exception {
      return Await.result(container.exited()).code();
    }

    ContainerRuntime.Exit stop(Duration grace) throws Exception {
      return Await.result(container.stop(grace));
    }

    /** Returns what it said, without the log's own words. */
    String said() throws IOException {
      try (var lines = Files.lines(log)) {
        return lines.map(line -> line.split(" ", 4)[3]).collect(Collectors.joining("\n"));
      } catch (NoSuchFileException e) {
        return "";
      }
    }

    void awaitSaid(String text) throws Exception {
      Await.until("the log has " + text, this::said, said -> said.contains(text));
    }
  }
}
