package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** A container as the processes in it see it. Made when the first of them starts. */
public final class UserSpace {
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  /** As many processes and stages of pipelines as there may be, like a limit of PIDs. */
  private static final int MOST_THREADS = 256;

  private final String hostname;
  private final Map<String, String> environment;
  private final ContainerFiles files;
  private final Semaphore threads = new Semaphore(MOST_THREADS);
  private final Map<Integer, Running> processes = new ConcurrentSkipListMap<>();
  private final AtomicInteger lastProcess = new AtomicInteger(1);

  /** A process, as {@code ps} tells of it. */
  record Running(int id, Instant since, List<String> command, Job job) {}

  /**
   * @param hostname what the pod is called, or its node when it shares that one's network
   * @param main the command line of the container's own process
   */
  public UserSpace(ContainerConfig config, String hostname, String ip, List<String> main) {
    this.hostname = hostname;
    Map<String, String> variables = new HashMap<>();
    variables.put("PATH", PATH);
    variables.put("HOME", "/root");
    variables.put("HOSTNAME", hostname);
    variables.putAll(config.env());
    this.environment = Map.copyOf(variables);
    this.files =
        new ContainerFiles(
            config.mounts(),
            Map.of(
                "/etc/hostname",
                hostname + "\n",
                "/etc/hosts",
                "127.0.0.1\tlocalhost\n" + ip + "\t" + hostname + "\n"));
    processes.put(1, new Running(1, Instant.now(), main, null));
  }

  String hostname() {
    return hostname;
  }

  Map<String, String> environment() {
    return environment;
  }

  ContainerFiles files() {
    return files;
  }

  /** Returns a job that is still to start. */
  Job newJob() {
    return new Job(threads);
  }

  List<Running> processes() {
    return List.copyOf(processes.values());
  }

  /** Takes note of a process beside the container's own. */
  Running add(List<String> command, Job job) {
    Running process = new Running(lastProcess.incrementAndGet(), Instant.now(), command, job);
    processes.put(process.id(), process);
    return process;
  }

  void remove(Running process) {
    processes.remove(process.id());
  }

  /** Ends all processes but the container's own, as with its last breath. */
  public void kill() {
    processes.values().stream()
        .filter(process -> process.job() != null)
        .forEach(process -> process.job().signal(Job.SIGKILL));
  }
}
