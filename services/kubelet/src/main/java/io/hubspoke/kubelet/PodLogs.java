package io.hubspoke.kubelet;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Where the logs of containers are, and why there are none. */
final class PodLogs {
  private PodLogs() {}

  /**
   * A log to read.
   *
   * @param running whether more may come
   */
  record Source(Path file, BooleanSupplier running) {}

  /** There is no such pod or container. */
  static final class NotFoundException extends Exception {
    NotFoundException(String message) {
      super(message);
    }
  }

  /** The container has no such log at present. */
  static final class NotAvailableException extends Exception {
    NotAvailableException(String message) {
      super(message);
    }
  }

  /** Chooses the log of a container by its state, with the real kubelet's words for a refusal. */
  static Source choose(ContainerWorker container, String podName, boolean previous, Path directory)
      throws NotAvailableException {
    String of = "container \"" + container.name() + "\" in pod \"" + podName + "\"";
    ContainerState.Terminated last = container.lastTerminated();
    if (previous) {
      if (last == null || last.containerId().isEmpty()) {
        throw new NotAvailableException("previous terminated " + of + " not found");
      }
      return new Source(file(directory, container, last.attempt()), () -> false);
    }
    return switch (container.state()) {
      case ContainerState.Running running ->
          new Source(
              file(directory, container, running.attempt()),
              () -> !running.container().exited().isComplete());
      case ContainerState.Terminated terminated -> {
        ContainerState.Terminated ran = terminated.containerId().isEmpty() ? last : terminated;
        if (ran == null || ran.containerId().isEmpty()) {
          throw new NotAvailableException(of + " is terminated");
        }
        yield new Source(file(directory, container, ran.attempt()), () -> false);
      }
      case ContainerState.Waiting waiting -> {
        if (last != null && !last.containerId().isEmpty()) {
          yield new Source(file(directory, container, last.attempt()), () -> false);
        }
        throw new NotAvailableException(
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
