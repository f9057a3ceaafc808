package io.hubspoke.kubelet;

import io.hubspoke.kubelet.logs.LogSource;
import java.nio.file.Path;

/** Where the logs of containers are, and why there are none. */
final class PodLogs {
  private PodLogs() {}

  /** Chooses the log of a container by its state, with the real kubelet's words for a refusal. */
  static LogSource choose(
      ContainerWorker container, String podName, boolean previous, Path directory)
      throws LogSource.NotAvailableException {
    String of = "container \"" + container.name() + "\" in pod \"" + podName + "\"";
    ContainerState.Terminated last = container.lastTerminated();
    if (previous) {
      if (last == null || last.containerId().isEmpty()) {
        throw new LogSource.NotAvailableException("previous terminated " + of + " not found");
      }
      return new LogSource(file(directory, container, last.attempt()), () -> false);
    }
    return switch (container.state()) {
      case ContainerState.Running running ->
          new LogSource(
              file(directory, container, running.attempt()),
              () -> !running.container().exited().isComplete());
      case ContainerState.Terminated terminated -> {
        ContainerState.Terminated ran = terminated.containerId().isEmpty() ? last : terminated;
        if (ran == null || ran.containerId().isEmpty()) {
          throw new LogSource.NotAvailableException(of + " is terminated");
        }
        yield new LogSource(file(directory, container, ran.attempt()), () -> false);
      }
      case ContainerState.Waiting waiting -> {
        if (last != null && !last.containerId().isEmpty()) {
          yield new LogSource(file(directory, container, last.attempt()), () -> false);
        }
        throw new LogSource.NotAvailableException(
            of
                + " is waiting to start: "
                + switch (waiting.reason()) {
                  case "ErrImagePull" -> "image can't be pulled";
                  case "ImagePullBackOff" -> "trying and failing to pull image";
                  default -> waiting.reason();
                });
      }
    };
  }

  static Path file(Path directory, ContainerWorker container, int attempt) {
    return directory.resolve(container.name()).resolve(attempt + ".log");
  }
}
