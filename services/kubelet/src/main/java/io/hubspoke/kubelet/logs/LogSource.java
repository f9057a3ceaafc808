package io.hubspoke.kubelet.logs;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * A log to read.
 *
 * @param running whether more may come
 */
public record LogSource(Path file, BooleanSupplier running) {

  /** There is no such pod or container. */
  public static final class NotFoundException extends Exception {
    public NotFoundException(String message) {
      super(message);
    }
  }

  /** The container has no such log at present. */
  public static final class NotAvailableException extends Exception {
    public NotAvailableException(String message) {
      super(message);
    }
  }
}
