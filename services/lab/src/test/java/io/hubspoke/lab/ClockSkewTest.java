package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.hubspoke.apiserver.http.ApiChain;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The hub's clock is set forward and then back, beyond what tokens allow for. */
class ClockSkewTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 1, k -> k.nodeStatusUpdateFrequency(Duration.ofSeconds(1)));
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void nodesGoOnWithAHubOfAnotherTimeAndOnlyTokensFromItsFutureAreRefused() throws Exception {
    hubsClock(Duration.ofMinutes(30));
    mesh.echo("ahead", "ahead");
    var ahead = mesh.service("ahead", "ahead");
    mesh.untilPhase("ahead", "Running");
    // The kube-proxy's token has half an hour left; its watches go on.
    Await.until("it is forwarded", () -> mesh.ask("node-1", ahead, 80).contains("ahead"));
    var token = token("ahead");
    assertThat(whoami(token)).contains("system:serviceaccount:default:default");

    var log = new ListAppender<ILoggingEvent>();
    log.start();
    var chain = (Logger) LoggerFactory.getLogger(ApiChain.class);
    // Tests keep the log to warnings; who was refused is none.
    chain.setLevel(Level.INFO);
    chain.addAppender(log);
    try {
      // Certificates count from five minutes before they were issued.
      hubsClock(Duration.ofMinutes(-3));
      assertThat(whoami(token)).contains("Unauthorized");
      Await.until(
          "the log has the reason",
          () -> {
            synchronized (log) {
              return List.copyOf(log.list);
            }
          },
          lines ->
              lines.stream()
                  .anyMatch(
                      line ->
                          line.getFormattedMessage()
                              .contains("service account token is not valid yet")));
      // The kube-proxy's token is refused as well: it serves what it knows, and nothing new.
      assertThat(mesh.ask("node-1", ahead, 80)).contains("ahead");
      mesh.echo("behind", "behind");
      var behind = mesh.service("behind", "behind");
      mesh.untilPhase("behind", "Running");
      assertThat(mesh.ask("node-1", behind, 80)).isEmpty();

      // A pod of another name gets a token of the hub's time.
      kubectl.run("-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-proxy").ok();
      Await.until("it is forwarded", () -> mesh.ask("node-1", behind, 80).contains("behind"));
      assertThat(whoami(token("behind"))).contains("system:serviceaccount:default:default");
    } finally {
      chain.detachAppender(log);
      chain.setLevel(null);
    }
    mesh.mesh().awaitReady(Duration.ofSeconds(30));
    assertThat(kubectl.run("get", "events", "-A", "--field-selector", "reason=NodeNotReady").out())
        .isEmpty();
  }

  /** Starts the apiserver again with a clock that is off by so much. */
  private static void hubsClock(Duration ahead) throws Exception {
    mesh.mesh().apiserver().stop();
    mesh.mesh().apiserver().start(Clock.offset(Clock.systemUTC(), ahead));
  }

  private static String token(String pod) throws Exception {
    return kubectl
        .run("exec", pod, "--", "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token")
        .ok()
        .strip();
  }

  /** What somebody with this token alone is told. */
  private static String whoami(String token) throws Exception {
    var result =
        kubectl
            .as(dir.resolve("none.kubeconfig"))
            .run(
                "--server=" + mesh.mesh().addresses().apiserverUrl(),
                "--certificate-authority=" + dir.resolve("pki/ca.crt"),
                "--token=" + token,
                "auth",
                "whoami");
    return result.out() + result.err();
  }
}
