package io.hubspoke.apiserver.audit;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The audit flags of the real apiserver's command line, for a command to mix in. */
public final class AuditFlags {
  @Option(
      names = "--audit-policy-file",
      paramLabel = "FILE",
      description = "Policy that says which requests are recorded, and how.")
  private Path policyFile;

  @Option(
      names = "--audit-log-path",
      paramLabel = "FILE",
      description = "File that audit events are written to, - for the standard output.")
  private String logPath;

  @Option(
      names = "--audit-log-format",
      defaultValue = "json",
      paramLabel = "FORMAT",
      description = "Format of the file; json is the only one.")
  private String format;

  @Option(
      names = "--audit-log-mode",
      defaultValue = "blocking",
      paramLabel = "MODE",
      description =
          "Whether a request waits until its arrival is written: blocking, blocking-strict (it"
              + " fails where that fails), batch (default: ${DEFAULT-VALUE}).")
  private String mode;

  @Option(
      names = "--audit-log-maxsize",
      defaultValue = "0",
      paramLabel = "MB",
      description = "Size at which the next file is begun, 0 for 100 (default: ${DEFAULT-VALUE}).")
  private int maxSize;

  @Option(
      names = "--audit-log-maxbackup",
      defaultValue = "0",
      paramLabel = "N",
      description = "Most full files that are kept, 0 for all (default: ${DEFAULT-VALUE}).")
  private int maxBackups;

  @Option(
      names = "--audit-log-maxage",
      defaultValue = "0",
      paramLabel = "DAYS",
      description = "Days for which full files are kept, 0 for ever (default: ${DEFAULT-VALUE}).")
  private int maxAge;

  /**
   * Returns what was given.
   *
   * @throws IllegalArgumentException that names the flag with a value that is none
   */
  public AuditOptions options() {
    if (!format.equals("json")) {
      throw new IllegalArgumentException(
          "--audit-log-format: \"" + format + "\" is not supported, expected json");
    }
    List<String> modes = List.of("batch", "blocking", "blocking-strict");
    if (!modes.contains(mode)) {
      throw new IllegalArgumentException(
          "--audit-log-mode: \""
              + mode
              + "\" is not known, expected batch, blocking or blocking-strict");
    }
    return new AuditOptions(
        policyFile,
        logPath,
        AuditOptions.Mode.valueOf(mode.replace('-', '_').toUpperCase(Locale.ROOT)),
        maxSize,
        maxBackups,
        maxAge);
  }
}
