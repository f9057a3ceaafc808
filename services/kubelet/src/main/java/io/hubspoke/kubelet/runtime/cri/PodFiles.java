package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.logs.LogOptions;
import io.hubspoke.kubelet.logs.LogReader;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Keeps the files that a kubelet puts into every container beside its volumes: {@code /etc/hosts},
 * and the one in which it may say why it ends. They are in the pod's directory, which the pod's
 * volumes take with them.
 */
final class PodFiles {
  private static final String HOSTS = "/etc/hosts";

  /** The API's limit of a termination message. */
  private static final int MAX_MESSAGE = 4096;

  /** Its limits of what a log gives for one. */
  private static final int MAX_LOG = 2048;

  private static final LogOptions LAST_LINES =
      new LogOptions(false, false, false, 80, 1 << 20, Instant.MIN);

  private final Path pods;

  PodFiles(Path rootDir) {
    this.pods = rootDir.toAbsolutePath().resolve("pods");
  }

  /** Returns what to mount into a container, its own volumes excepted. */
  List<Mount> prepare(ContainerConfig config, String podIp) throws IOException {
    List<Mount> mounts = new ArrayList<>();
    Path directory = directory(config.pod());
    Files.createDirectories(directory);
    boolean hostNetwork = Boolean.TRUE.equals(config.pod().getSpec().getHostNetwork());
    if (!taken(config, HOSTS)
        && !(hostNetwork && config.pod().getSpec().getHostAliases().isEmpty())) {
      Path hosts = directory.resolve("etc-hosts");
      Files.writeString(hosts, hosts(config.pod(), podIp, hostNetwork));
      mounts.add(new Mount(hosts, HOSTS, false));
    }
    String messagePath = config.spec().getTerminationMessagePath();
    if (messagePath != null && !messagePath.isEmpty() && !taken(config, messagePath)) {
      Path message = message(config);
      Files.createDirectories(message.getParent());
      Files.deleteIfExists(message);
      Files.createFile(message);
      // Whoever the container runs as has to be able to write it.
      Files.setPosixFilePermissions(message, PosixFilePermissions.fromString("rw-rw-rw-"));
      mounts.add(new Mount(message, messagePath, false));
    }
    return mounts;
  }

  /**
   * Returns what the container has left as its reason to end; where its pod asks for it, the end of
   * its log when it has failed and left none. Empty when there is nothing.
   */
  String terminationMessage(ContainerConfig config, int exitCode) {
    String left = leftMessage(config);
    boolean log =
        exitCode != 0
            && "FallbackToLogsOnError".equals(config.spec().getTerminationMessagePolicy());
    return left.isEmpty() && log ? endOfLog(config.logFile()) : left;
  }

  private static String endOfLog(Path log) {
    Buffer end = Buffer.buffer();
    var sink =
        new LogReader.Sink() {
          @Override
          public boolean write(Buffer text) {
            end.appendBuffer(text);
            return true;
          }

          @Override
          public boolean closed() {
            return false;
          }

          @Override
          public void pause(Duration time) {
            // Nothing is waited for: the log is complete.
          }
        };
    try {
      new LogReader(log, LAST_LINES, sink).read(() -> false);
    } catch (IOException e) {
      return "";
    }
    return end.getBuffer(Math.max(0, end.length() - MAX_LOG), end.length())
        .toString(StandardCharsets.UTF_8);
  }

  private String leftMessage(ContainerConfig config) {
    Path file = message(config);
    // The container can't put a link in its place from inside; nobody is followed all the same.
    try (SeekableByteChannel channel =
        Files.newByteChannel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
      long size = channel.size();
      channel.position(Math.max(0, size - MAX_MESSAGE));
      ByteBuffer bytes = ByteBuffer.allocate(MAX_MESSAGE);
      while (bytes.hasRemaining() && channel.read(bytes) > 0) {}
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  private Path directory(Pod pod) {
    return pods.resolve(pod.getMetadata().getUid());
  }

  private Path message(ContainerConfig config) {
    return directory(config.pod())
        .resolve("containers")
        .resolve(config.name())
        .resolve(String.valueOf(config.attempt()));
  }

  private static boolean taken(ContainerConfig config, String path) {
    return config.mounts().stream().anyMatch(mount -> mount.containerPath().equals(path));
  }

  private static String hosts(Pod pod, String podIp, boolean hostNetwork) throws IOException {
    StringBuilder text = new StringBuilder("# Kubernetes-managed hosts file");
    if (hostNetwork) {
      text.append(" (host network).\n").append(Files.readString(Path.of(HOSTS)));
    } else {
      text.append(
          """
          .
          127.0.0.1\tlocalhost
          ::1\tlocalhost ip6-localhost ip6-loopback
          fe00::0\tip6-localnet
          fe00::0\tip6-mcastprefix
          fe00::1\tip6-allnodes
          fe00::2\tip6-allrouters
          """);
      String hostname = PodSandboxes.hostname(pod);
      String subdomain = pod.getSpec().getSubdomain();
      text.append(podIp).append('\t');
      if (subdomain != null && !subdomain.isEmpty()) {
        text.append(hostname)
            .append('.')
            .append(subdomain)
            .append('.')
            .append(pod.getMetadata().getNamespace())
            .append(".svc.cluster.local\t");
      }
      text.append(hostname).append('\n');
    }
    if (!pod.getSpec().getHostAliases().isEmpty()) {
      text.append("\n# Entries added by HostAliases.\n");
      pod.getSpec()
          .getHostAliases()
          .forEach(
              alias ->
                  text.append(alias.getIp())
                      .append('\t')
                      .append(String.join("\t", alias.getHostnames()))
                      .append('\n'));
    }
    return text.toString();
  }
}
