package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  /** A deployment whose routes from nodes work, but for what is told to be broken. */
  private static final String ROUTES =
      """
      #!/bin/sh
      refuses() { echo "{\\"asked\\":\\"GET /api/v1/secrets\\",\\"status\\":403,\\"body\\":\\"User $1 cannot list\\"}"; }
      answers() { echo "{\\"asked\\":\\"GET $1\\",\\"status\\":200,\\"body\\":\\"{}\\"}"; }
      case "%1$s $*" in
        *current-context*) echo here ;;
        *"port-forward service/apiserver"*) exec /bin/sleep 60 ;;
        *port-forward*) exit 1 ;;
        *"get pod probe"*) echo node-1 ;;
        "route "*"logs client"*) echo '{"asked":"GET /version","status":0,"failed":"no route to host"}' ;;
        "account "*"logs client"*) answers /version; refuses system:anonymous ;;
        *"logs client"*) answers /version; refuses system:serviceaccount:default:default ;;
        "rights "*"logs proxy-client"*) answers /api/v1/services; answers /api/v1/secrets ;;
        *"logs proxy-client"*) answers /api/v1/services; refuses system:serviceaccount:kube-system:kube-proxy ;;
        *"exec client"*/token) echo a-token ;;
        *"exec client"*/ca.crt) echo an-authority ;;
        "token "*"delete pod client --wait"*) ;;
        *"delete pod client --wait"*) : >"$0.deleted" ;;
        *"--token a-token"*)
          if [ -e "$0.deleted" ]; then echo Unauthorized; else refuses system:serviceaccount:default:default; fi
          exit 1 ;;
        "watch "*"create service"*) ;;
        *"create service"*) : >"$0.heard" ;;
        *:10249/*)
          if [ -e "$0.heard" ]; then heard=2; else heard=1; fi
          [ "%1$s $heard" != "end 2" ] || exit 1
          echo "kubeproxy_sync_proxy_rules_service_changes_total{ip_family=\\"IPv4\\"} $heard" ;;
        "user "*"get --raw /api/v1/secrets"*) echo 'User "system:anonymous" cannot list'; exit 1 ;;
        *"get --raw /api/v1/secrets"*) echo 'User "system:kube-proxy" cannot list'; exit 1 ;;
        *healthz*) echo ok ;;
      esac
      """;

  @TempDir private Path bin;

  private record Outcome(int status, String said) {}

  private Outcome audit(String before, String after) throws Exception {
    command("kubectl", KUBECTL.formatted(before, after));
    return run("audit");
  }

  /** Which routes from nodes are said to work. */
  private List<String> working(String broken) throws Exception {
    command("kubectl", ROUTES.formatted(broken));
    command("sleep", "#!/bin/sh\n");
    return run("routes")
        .said()
        .lines()
        .filter(line -> line.startsWith("N") && line.endsWith(" reachable"))
        .filter(line -> !line.contains("NOT"))
        .map(line -> line.split(" +", 3)[1])
        .toList();
  }

  private void command(String name, String script) throws Exception {
    Files.createFile(
        bin.resolve(name),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(bin.resolve(name), script);
  }

  private Outcome run(String action) throws Exception {
    var builder =
        new ProcessBuilder(Manifests.ROOT.resolve("run").toString(), "here", action)
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

  @Test
  void routes_from_nodes_that_work_are_told() throws Exception {
    assertThat(working("nothing"))
        .containsExactly("in-cluster", "token-ends", "proxy-account", "kube-proxy");
  }

  @ParameterizedTest
  @CsvSource({
    "route, in-cluster",
    "account, in-cluster",
    "token, token-ends",
    "rights, proxy-account",
    "watch, kube-proxy",
    "end, kube-proxy",
    "user, kube-proxy"
  })
  void a_route_from_nodes_that_does_not_work_is_told_alone(String broken, String missing)
      throws Exception {
    assertThat(working(broken))
        .hasSize(3)
        .isSubsetOf("in-cluster", "token-ends", "proxy-account", "kube-proxy")
        .doesNotContain(missing);
  }
}
