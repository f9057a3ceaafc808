package io.hubspoke.apiserver.audit;

import java.nio.file.Path;

/**
 * Whether and where requests are recorded.
 *
 * @param policyFile {@code --audit-policy-file}; null for nothing
 * @param logPath {@code --audit-log-path}; {@code -} for the standard output, null for nowhere
 * @param mode {@code --audit-log-mode}
 * @param maxSize {@code --audit-log-maxsize}, megabytes of a file before the next is begun; 0 for
 *     100, as in the real one
 * @param maxBackups {@code --audit-log-maxbackup}, files kept beside the current one; 0 for all
 * @param maxAge {@code --audit-log-maxage}, days for which files are kept; 0 for ever
 */
public record AuditOptions(
    Path policyFile, String logPath, Mode mode, int maxSize, int maxBackups, int maxAge) {
  /** Nothing is recorded. */
  public static final AuditOptions NONE = new AuditOptions(null, null, Mode.BLOCKING, 0, 0, 0);

  /** What a request waits for. */
  public enum Mode {
    /** Until it is written that the request was received; goes on if that fails. */
    BLOCKING,
    /** As blocking, but the request fails if it can't be recorded. */
    BLOCKING_STRICT,
    /** For nothing. */
    BATCH
  }

  public AuditOptions {
    notNegative("--audit-log-maxsize", maxSize);
    notNegative("--audit-log-maxbackup", maxBackups);
    notNegative("--audit-log-maxage", maxAge);
  }

  private static void notNegative(String flag, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(flag + " must not be negative, but is " + value);
    }
  }

  boolean records() {
    return policyFile != null && logPath != null;
  }
}
