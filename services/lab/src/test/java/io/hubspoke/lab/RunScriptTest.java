package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code k8s-manifests/run}, asked what it makes of what a cluster says. */
class RunScriptTest {
  /**
   * Says of the audit's Job first what Kubernetes 1.31 and later say of it before its pod ended.
   */
  private static final String KUBECTL =
      """
      #!/bin/sh
      case "$*" in
        *current-context*) echo here ;;
        *"get job audit"*)
          if [ -e "$0.asked" ]; then echo %1$s %2$s; else echo %1$s; fi
          : >"$0.asked" ;;
        *logs*) echo the report ;;
      esac
      """;

  @TempDir private Path bin;

  private record Outcome(int status, String said) {}

  private Outcome audit(String before, String after) throws Exception {
    Files.createFile(
        bin.resolve("kubectl"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(bin.resolve("kubectl"), KUBECTL.formatted(before, after));
    var builder =
        new ProcessBuilder(Manifests.ROOT.resolve("run").toString(), "here", "audit")
            .redirectErrorStream(true);
    builder.environment().merge("PATH", bin + ":", (path, own) -> own + path);
    var process = builder.start();
    var said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), said);
  }

  @Test
  void an_audit_that_will_have_succeeded_is_waited_for_until_it_has() throws Exception {
    var outcome = audit("SuccessCriteriaMet", "Complete");
    assertThat(outcome.said()).contains("the report");
    assertThat(outcome.status()).isZero();
  }

  @Test
  void an_audit_that_has_failed_is_a_failure() throws Exception {
    var outcome = audit("FailureTarget", "Failed");
    assertThat(outcome.said()).contains("the report", "something else than the documents say");
    assertThat(outcome.status()).isNotZero();
  }
}
