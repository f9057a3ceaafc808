package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.Logging;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/**
 * The flags that proxy-server and proxy-agent have alike: those of their logs and profiles, and of
 * how they ask the apiserver.
 */
public final class ProcessFlags {
  private static final String JSON = "application/json";

  @Option(
      names = "--kube-api-content-type",
      paramLabel = "TYPE",
      description = "how the apiserver is asked (" + JSON + ", the only one here)")
  private String kubeApiContentType = JSON;

  @Option(
      names = "--enable-profiling",
      arity = "0..1",
      fallbackValue = "true",
      description = "not supported: profiles are Go's")
  private boolean enableProfiling;

  @Option(
      names = "--enable-contention-profiling",
      arity = "0..1",
      fallbackValue = "true",
      description = "not supported: profiles are Go's")
  private boolean enableContentionProfiling;

  @Option(
      names = "--logtostderr",
      arity = "0..1",
      fallbackValue = "true",
      description = "logs to standard error and not to --log-file (true)")
  private boolean logToStderr = true;

  @Option(
      names = "--alsologtostderr",
      arity = "0..1",
      fallbackValue = "true",
      description = "logs to standard error and to --log-file")
  private boolean alsoLogToStderr;

  @Option(
      names = "--log-file",
      paramLabel = "FILE",
      description = "where logs are added with --logtostderr=false")
  private Path logFile;

  @Option(
      names = "--log-file-max-size",
      paramLabel = "MB",
      description = "only 0, which is no bound, is supported (0)")
  private long logFileMaxSize;

  @Option(
      names = "--v",
      paramLabel = "LEVEL",
      description = "from 2 on logs what happens, from 5 on every step (1)")
  private int verbosity = 1;

  /**
   * Refuses what can't be done rather than to pass over it.
   *
   * @throws IllegalArgumentException naming the flag
   */
  public void check() {
    require(
        !enableProfiling && !enableContentionProfiling,
        "--enable-profiling, --enable-contention-profiling: not supported: profiles are Go's");
    require(
        kubeApiContentType.equals(JSON),
        "--kube-api-content-type: only " + JSON + " is supported, not " + kubeApiContentType);
    require(
        logToStderr || logFile != null,
        "--logtostderr=false: --log-file must say where logs go then");
    require(
        logFileMaxSize == 0, "--log-file-max-size: only 0 is supported, which is without a bound");
  }

  /**
   * Logs as they say from now on.
   *
   * @throws IOException when the file can't be written
   */
  public void log() throws IOException {
    if (verbosity >= 2) {
      Logging.level(verbosity >= 5 ? "DEBUG" : "INFO");
    }
    if (!logToStderr) {
      Flag.read(
          "--log-file",
          () -> {
            Logging.file(logFile, alsoLogToStderr);
            return logFile;
          });
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
