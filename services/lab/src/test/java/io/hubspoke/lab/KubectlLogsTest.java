package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code kubectl logs}, from a real kubectl through the apiserver to a kubelet. */
class KubectlLogsTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir, 1, k -> k.crashLoopBackOff(Duration.ofMillis(200), Duration.ofMinutes(5)));
    mesh.pod("five", "Never", "hubspoke/ticker", "--interval=10ms", "--count=5");
    mesh.pod("slow", "Never", "hubspoke/ticker", "--interval=400ms", "--count=8");
    mesh.pod("lost", "Always", "example.com/none:1");
    mesh.pod("crash", "Always", "hubspoke/ticker", "--interval=10ms", "--count=3", "--exit-code=1");
    ObjectNode two = TestMesh.pod("two", "Never");
    TestMesh.container(two, "a", "hubspoke/ticker", "--message=from-a", "--count=2");
    TestMesh.container(two, "b", "hubspoke/ticker", "--message=from-b", "--count=1");
    mesh.create(two);
    mesh.untilPhase("five", "Succeeded");
    mesh.untilPhase("two", "Succeeded");
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  static List<Path> versions() throws Exception {
    return Kubectl.versions();
  }

  static List<Path> oldestAndNewest() throws Exception {
    List<Path> all = Kubectl.versions();
    return all.size() < 2 ? all : List.of(all.getFirst(), all.getLast());
  }

  @ParameterizedTest
  @MethodSource("versions")
  void shows_a_log_and_its_end(Path binary) throws Exception {
    Kubectl kubectl = mesh.kubectl(binary);

    assertThat(kubectl.run("logs", "five").ok())
        .isEqualTo("tick 1\ntick 2\ntick 3\ntick 4\ntick 5\n");
    assertThat(kubectl.run("logs", "five", "--tail=2", "-c", "main").ok())
        .isEqualTo("tick 4\ntick 5\n");
  }

  @ParameterizedTest
  @MethodSource("oldestAndNewest")
  void follows_until_the_container_ends(Path binary) throws Exception {
    String name = "follow-" + binary.getFileName().toString().replace('.', '-');
    mesh.pod(name, "Never", "hubspoke/ticker", "--interval=50ms", "--count=30");
    mesh.untilPhase(name, "Running");

    List<String> lines = mesh.kubectl(binary).run("logs", "-f", name).ok().lines().toList();

    assertThat(lines).hasSize(30).first().isEqualTo("tick 1");
    assertThat(lines).last().isEqualTo("tick 30");
    assertThat(mesh.status(name).path("phase").asText()).isEqualTo("Succeeded");
  }

  @Test
  void follows_from_the_end_of_what_is_there() throws Exception {
    mesh.pod("tail", "Never", "hubspoke/ticker", "--interval=100ms", "--count=40");
    Kubectl kubectl = mesh.kubectl();
    Await.until("a few lines", () -> kubectl.run("logs", "tail").out().lines().count() >= 3);
    List<String> lines = kubectl.run("logs", "-f", "--tail=1", "tail").ok().lines().toList();

    assertThat(lines).last().isEqualTo("tick 40");
    assertThat(lines).hasSizeLessThan(40).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("oldestAndNewest")
  void chooses_by_time(Path binary) throws Exception {
    Kubectl kubectl = mesh.kubectl(binary);
    mesh.untilPhase("slow", "Succeeded");

    List<String> stamped = kubectl.run("logs", "slow", "--timestamps").ok().lines().toList();
    assertThat(stamped).hasSize(8).allMatch(line -> line.matches("\\S+Z tick \\d"));
    List<Instant> times =
        stamped.stream().map(line -> Instant.parse(line.substring(0, line.indexOf(' ')))).toList();
    assertThat(times).isSorted();
    // kubectl sends whole seconds.
    Instant from = times.get(5).truncatedTo(ChronoUnit.SECONDS);
    long expected = times.stream().filter(time -> !time.isBefore(from)).count();
    assertThat(kubectl.run("logs", "slow", "--since-time=" + from).ok().lines())
        .hasSize((int) expected);
    assertThat(expected).isLessThan(8);
    assertThat(kubectl.run("logs", "slow", "--since=1h").ok().lines()).hasSize(8);
    // All lines are older than a second by now, or become so while we ask.
    Await.until("lines grow old", () -> kubectl.run("logs", "slow", "--since=1s").ok().isEmpty());
  }

  @Test
  void stops_after_so_many_bytes() throws Exception {
    assertThat(mesh.kubectl().run("logs", "five", "--limit-bytes=10").ok())
        .isEqualTo("tick 1\ntic");
  }

  @Test
  void shows_one_container_of_several_or_all() throws Exception {
    Kubectl kubectl = mesh.kubectl();

    assertThat(kubectl.run("logs", "two", "-c", "b").ok()).isEqualTo("from-b 1\n");
    Kubectl.Result first = kubectl.run("logs", "two");
    assertThat(first.ok()).isEqualTo("from-a 1\nfrom-a 2\n");
    assertThat(first.err()).contains("Defaulted container \"a\" out of: a, b");
    assertThat(kubectl.run("logs", "two", "--all-containers").ok().lines())
        .containsExactlyInAnyOrder("from-a 1", "from-a 2", "from-b 1");
    assertThat(kubectl.run("logs", "two", "--all-containers", "--prefix").ok().lines())
        .contains("[pod/two/b] from-b 1");
  }

  @ParameterizedTest
  @MethodSource("oldestAndNewest")
  void shows_the_run_before(Path binary) throws Exception {
    Kubectl kubectl = mesh.kubectl(binary);
    mesh.untilWaiting("crash", "CrashLoopBackOff");

    assertThat(kubectl.run("logs", "crash", "-p").ok()).isEqualTo("tick 1\ntick 2\ntick 3\n");
    assertThat(kubectl.run("logs", "crash", "--previous", "--tail=1").ok()).isEqualTo("tick 3\n");
  }

  @ParameterizedTest
  @MethodSource("oldestAndNewest")
  void says_why_there_is_no_log(Path binary) throws Exception {
    Kubectl kubectl = mesh.kubectl(binary);
    mesh.untilWaiting("lost", "ImagePullBackOff");

    assertThat(kubectl.run("logs", "five", "-p").failed())
        .isEqualTo(
            "Error from server (BadRequest): previous terminated container \"main\" in pod"
                + " \"five\" not found\n");
    assertThat(kubectl.run("logs", "five", "-c", "none").failed())
        .isEqualTo("error: container none is not valid for pod five\n");
    assertThat(kubectl.run("logs", "none").failed())
        .contains("(NotFound)", "pods \"none\" not found");
    assertThat(kubectl.run("logs", "lost").failed())
        .isEqualTo(
            "Error from server (BadRequest): container \"main\" in pod \"lost\" is waiting to"
                + " start: trying and failing to pull image\n");
    assertThat(kubectl.run("logs", "five", "--tail=-2").failed())
        .contains("--tail must be greater than or equal to -1");
  }
}
