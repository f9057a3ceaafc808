package io.hubspoke.kubelet.runtime.process;

import io.fabric8.kubernetes.api.model.Container;
import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ImageException;
import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.kubelet.runtime.EtcHosts;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Starts containers, waiting. */
final class ContainerStart {
  private static final String BIN = "bin";

  private final VertxInternal vertx;
  private final FdPoller poller;
  private final Isolation isolation;
  private final Images images;
  private final RunRecords records;
  private final Path containers;
  private final Path hidden;
  private final long maxLogSize;

  ContainerStart(
      VertxInternal vertx,
      FdPoller poller,
      Isolation isolation,
      Images images,
      RunRecords records,
      Path directory,
      Path hidden,
      long maxLogSize) {
    this.vertx = vertx;
    this.poller = poller;
    this.isolation = isolation;
    this.images = images;
    this.records = records;
    this.containers = directory.resolve("containers");
    this.hidden = hidden;
    this.maxLogSize = maxLogSize;
  }

  /** Starts one; what it throws says why it can't run. */
  ContainerProcess start(String id, PodSandbox sandbox, ContainerConfig config) throws IOException {
    Image image;
    try {
      image = images.find(config.image());
    } catch (ImageException e) {
      throw new StartException(e.getMessage());
    }
    Credentials credentials =
        SecurityDemands.credentials(config.pod(), config.spec(), image, isolation.containers());
    List<String> command = command(config, image);
    Path home = containers.resolve(id);
    Map<String, String> env = environment(id, config, credentials, image, bin(home, image));
    List<String> environment =
        env.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    String directory =
        config.spec().getWorkingDir() == null || config.spec().getWorkingDir().isEmpty()
            ? image.workingDir()
            : config.spec().getWorkingDir();
    checkText(command, environment, directory);
    Streams streams = null;
    try {
      Files.createDirectories(home);
      if (image.bin() != null && !isolation.containers()) {
        Files.createSymbolicLink(home.resolve(BIN), image.bin());
      }
      streams = new Streams(config.spec(), credentials);
      var program =
          new NamespacedStart.ProgramSpec(
              command,
              environment,
              env.getOrDefault("PATH", ""),
              directory,
              streams.theirs[0],
              streams.theirs[1],
              streams.theirs[2],
              streams.tty);
      Started started =
          isolation.containers()
              ? namespaced(id, home, image, sandbox, config, credentials, program)
              : plain(id, credentials, program);
      Child child = Child.of(started.pid, poller);
      var setting =
          new ContainerProcess.ContainerSetting(
              environment,
              program.path(),
              directory,
              credentials,
              isolation.containers(),
              Boolean.TRUE.equals(config.spec().getStdinOnce()));
      ContainerProcess container =
          new ContainerProcess(
              id,
              vertx.createEventLoopContext(),
              poller,
              child,
              setting,
              streams.ends(started.terminal),
              new ContainerLog(config.logFile(), maxLogSize));
      streams.handedOver = true;
      return container;
    } catch (ErrnoException e) {
      cleanUp(id);
      throw new StartException("unable to start container process: " + e.getMessage());
    } catch (IOException | RuntimeException e) {
      cleanUp(id);
      throw e;
    } finally {
      if (streams != null) {
        streams.close();
      }
    }
  }

  /** Takes away what a container leaves on disk. */
  Void cleanUp(String id) throws IOException {
    records.remove(id);
    DirectoryTree.delete(containers.resolve(id));
    return null;
  }

  private record Started(int pid, Terminal terminal) {}

  private Started namespaced(
      String id,
      Path home,
      Image image,
      PodSandbox sandbox,
      ContainerConfig config,
      Credentials credentials,
      NamespacedStart.ProgramSpec program)
      throws ErrnoException, IOException {
    var security = config.spec().getSecurityContext();
    ContainerRoot root =
        ContainerRoot.layOut(
            home,
            image,
            config.mounts(),
            PodFiles.of(sandbox),
            security != null && Boolean.TRUE.equals(security.getReadOnlyRootFilesystem()),
            hidden);
    NamespacedStart start =
        new NamespacedStart(
            home, root, sandbox.namespaces(), credentials, program, isolation.mountTool());
    int pid = start.run(waiting -> records.note(id, waiting));
    return new Started(pid, start.terminal());
  }

  private Started plain(String id, Credentials credentials, NamespacedStart.ProgramSpec program)
      throws ErrnoException, IOException {
    Started started = Throwaway.call("container-start", () -> startHere(credentials, program));
    Credentials.restoreProcess();
    records.note(id, started.pid);
    return started;
  }

  /** Starts it on the calling thread, whose user and working directory are its own then. */
  private static Started startHere(Credentials credentials, NamespacedStart.ProgramSpec program)
      throws ErrnoException {
    PlainContainers.enter(program.directory());
    String file = Executables.find(program.arguments().getFirst(), program.path());
    Terminal terminal = program.tty() ? Terminal.open(Terminal.MACHINE, credentials.uid()) : null;
    PlainContainers.assume(credentials);
    int pid =
        new Launch(
                file,
                program.arguments(),
                program.environment(),
                program.directory(),
                program.stdin(),
                program.stdout(),
                program.stderr(),
                terminal == null ? null : terminal.slave(),
                null)
            .start();
    return new Started(pid, terminal);
  }

  private static List<String> command(ContainerConfig config, Image image) {
    List<String> command = new ArrayList<>();
    if (config.command().isEmpty()) {
      command.addAll(image.entrypoint());
      command.addAll(config.args().isEmpty() ? image.command() : config.args());
    } else {
      command.addAll(config.command());
      command.addAll(config.args());
    }
    if (command.isEmpty()) {
      throw new StartException("no command specified");
    }
    return command;
  }

  /** Returns where the image's own commands are, by a path without the colon of a tag. */
  private String bin(Path home, Image image) {
    return image.bin() == null
        ? null
        : isolation.containers() ? ContainerRoot.BIN : home.resolve(BIN).toString();
  }

  private Map<String, String> environment(
      String id, ContainerConfig config, Credentials credentials, Image image, String bin) {
    Map<String, String> env = new LinkedHashMap<>(image.env());
    if (bin != null) {
      env.merge("PATH", bin, (path, first) -> first + ":" + path);
    }
    env.put("HOME", credentials.uid() == 0 ? "/root" : "/");
    env.put("HOSTNAME", EtcHosts.hostname(config.pod()));
    if (Boolean.TRUE.equals(config.spec().getTty())) {
      env.put("TERM", "xterm");
    }
    env.putAll(config.env());
    if (!isolation.containers()) {
      String mark = PlainContainers.mark(id);
      int equals = mark.indexOf('=');
      env.put(mark.substring(0, equals), mark.substring(equals + 1));
    }
    return env;
  }

  private static void checkText(List<String> command, List<String> environment, String directory) {
    if (!directory.startsWith("/")) {
      throw new StartException("workingDir must be absolute, but is \"" + directory + "\"");
    }
    for (List<String> texts : List.of(command, environment, List.of(directory))) {
      for (String text : texts) {
        if (text.indexOf('\0') >= 0) {
          throw new StartException("command, environment and workingDir can't contain NUL");
        }
      }
    }
  }

  /** The streams of a container while it starts. */
  private static final class Streams {
    private final int[] theirs = {-1, -1, -1};
    private final int[] ours = {-1, -1, -1};
    private final boolean tty;
    private boolean handedOver;

    Streams(Container spec, Credentials credentials) throws ErrnoException {
      tty = Boolean.TRUE.equals(spec.getTty());
      if (tty) {
        return;
      }
      try {
        if (Boolean.TRUE.equals(spec.getStdin())) {
          int[] pipe = Fds.pipe();
          theirs[0] = pipe[0];
          ours[0] = pipe[1];
        } else {
          theirs[0] = Fds.open("/dev/null", Libc.O_RDONLY);
        }
        for (int i = 1; i <= 2; i++) {
          int[] pipe = Fds.pipe();
          ours[i] = pipe[0];
          theirs[i] = pipe[1];
        }
        Fds.belong(theirs, credentials);
        for (int fd : ours) {
          if (fd >= 0) {
            Fds.nonBlocking(fd);
          }
        }
      } catch (ErrnoException e) {
        close();
        throw e;
      }
    }

    ContainerProcess.Ends ends(Terminal terminal) {
      return new ContainerProcess.Ends(
          ours[0], ours[1], ours[2], terminal == null ? -1 : terminal.master());
    }

    void close() {
      for (int fd : theirs) {
        Fds.close(fd);
      }
      if (!handedOver) {
        for (int fd : ours) {
          Fds.close(fd);
        }
      }
    }
  }
}
