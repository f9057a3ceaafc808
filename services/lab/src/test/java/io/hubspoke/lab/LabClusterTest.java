package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.lab.cluster.LabKeys;
import io.hubspoke.lab.cluster.TappedLab;
import io.hubspoke.lab.scale.ChildControlPlane;
import io.hubspoke.lab.scale.ControlPlane;
import io.hubspoke.lab.scale.NodePools;
import io.hubspoke.lab.scale.ScalePlan;
import io.hubspoke.lab.scale.ScaleResult;
import io.hubspoke.lab.scale.ScaleRun;
import io.hubspoke.pki.Pem;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * One run of twenty nodes over members in processes of their own: two at first, one of which is
 * killed when all nodes are ready and a third one has come. It takes some twenty seconds.
 */
@EnabledIfSystemProperty(named = "hubspoke.lab", matches = "true")
class LabClusterTest {
  private static final int NODES = 20;

  /** All that messages between members say. */
  private static final Set<String> FIELDS =
      new TreeSet<>(
          List.of(
              "coordinator",
              "server",
              "block",
              "ended", // a pulse
              "id",
              "order",
              "first",
              "last", // an order
              "asked",
              "joined",
              "failed",
              "failure", // a report
              "member",
              "name",
              "capacity",
              "processors",
              "busy",
              "freeMegabytes",
              "residentMegabytes",
              "peakMegabytes",
              "cpuSeconds",
              "report"));

  @TempDir static Path directory;

  private static final BlockingQueue<String> NOTES = new LinkedBlockingQueue<>();
  private static final List<String> TOLD = new ArrayList<>();
  private static final List<Process> MEMBERS = new ArrayList<>();
  private static TappedLab lab;
  private static ScaleResult result;
  private static String token;
  private static String keys;
  private static List<String> before;

  @BeforeAll
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  static void run() throws Exception {
    var keysAt = directory.resolve("keys");
    lab = new TappedLab(LabKeys.obtain(keysAt));
    keys = Files.readString(keysAt.resolve("member.key"));
    var plan = new ScalePlan(NODES, 1, 0, Duration.ofSeconds(1), 0, directory.resolve("lab"));
    var launcher =
        new Spying(new ScaleLab(lab.cluster(), lab.address(), keysAt, 2, null, NOTES::add));
    try (var run = new ScaleRun(plan, launcher, LabClusterTest::phase, live -> {})) {
      result = run.run();
    }
    for (var member : MEMBERS) {
      assertThat(member.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** The launcher of the command, which starts another member once it is known how. */
  private record Spying(ScaleLab lab) implements ScaleRun.Launcher {
    @Override
    public ControlPlane controlPlane(Path directory) throws IOException {
      return new ChildControlPlane(
          OwnCommand.child(List.of(), List.of("scale", "control-plane", "--dir=" + directory)));
    }

    @Override
    public NodePools pools(
        ScalePlan plan, ScaleRun.Cluster cluster, Function<String, Future<Void>> forget)
        throws IOException {
      var pools = lab.pools(plan, cluster, forget);
      token = Files.readString(plan.directory().resolve("bootstrap-token")).strip();
      startMember();
      return pools;
    }
  }

  private static void startMember() throws IOException {
    var how = TOLD.isEmpty() ? awaitNote("others offer room by: hubspoke (.*)") : TOLD.getFirst();
    TOLD.add(how);
    MEMBERS.add(OwnCommand.start(List.of(how.split(" ", -1))));
  }

  /** Holds the run up when all is ready, until one member has come and another one has gone. */
  private static void phase(String what) {
    if (what.startsWith(NODES + " nodes ready")) {
      try {
        startMember();
        awaitNote("member 3 .* offers room for 2,500 nodes: .*");
        before = lab.messages();
        MEMBERS.getFirst().destroyForcibly();
        awaitNote("(member .*) has gone: its .* nodes are placed anew");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Returns what the pattern's group matched, or all. */
  private static String awaitNote(String pattern) throws IOException {
    var seen = new ArrayList<String>();
    try {
      while (true) {
        var note = NOTES.poll(60, TimeUnit.SECONDS);
        if (note == null) {
          throw new IOException("no note \"" + pattern + "\" in " + seen);
        }
        seen.add(note);
        var match = Pattern.compile(pattern).matcher(note);
        if (match.matches()) {
          return match.groupCount() == 0 ? note : match.group(1);
        }
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @AfterAll
  static void end() throws Exception {
    MEMBERS.forEach(Process::destroyForcibly);
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void allNodesAreReadyAndStayedSo() {
    assertThat(result.sound()).as(result.notes() + " " + result.sample().failures()).isTrue();
    assertThat(result.lost()).isZero();
  }

  @Test
  void nodesAreSharedOutOverTheMembersThatAreThere() {
    var orders = before.stream().filter(message -> message.startsWith("lab.orders.")).toList();
    var members = orders.stream().map(order -> order.split(" ", 2)[0]).distinct();

    assertThat(members).hasSize(2);
    assertThat(
            orders.stream().filter(order -> order.startsWith(orders.getFirst().split(" ", 2)[0])))
        .hasSizeBetween(NODES / 4, NODES * 3 / 4);
  }

  @Test
  void nodesOfAMemberThatDiesArePlacedAnewMostlyOnOneThatCameLate() {
    assertThat(result.notes())
        .anyMatch(note -> note.matches("member \\d .* has gone: its \\d+ nodes are placed anew"));
    var left =
        result.notes().stream()
            .filter(note -> note.matches("member \\d .*: \\d+ nodes, \\d+ in, 0 failed"))
            .toList();
    assertThat(left).hasSize(2);
    assertThat(left.stream().mapToInt(note -> number(note, "(\\d+) nodes")).sum()).isEqualTo(NODES);
    assertThat(left)
        .anyMatch(note -> note.startsWith("member 3") && number(note, "(\\d+) nodes") > 3);
  }

  private static int number(String note, String pattern) {
    var match = Pattern.compile(pattern).matcher(note);
    assertThat(match.find()).isTrue();
    return Integer.parseInt(match.group(1));
  }

  @Test
  void theReportSaysWhatEachMemberUsed() {
    assertThat(result.processes().stream().filter(process -> process.name().startsWith("member")))
        .hasSize(3)
        .allSatisfy(process -> assertThat(process.peakMegabytes()).isPositive());
  }

  @Test
  void membersEndWithTheLab() {
    assertThat(MEMBERS).hasSize(2);
    assertThat(MEMBERS.getLast().exitValue()).isZero();
  }

  @Test
  void messagesAreOrdersAndObservationsAndNothingElse() throws IOException {
    assertThat(lab.messages()).hasSizeGreaterThan(2 * NODES);
    for (var message : lab.messages()) {
      var parts = message.split(" ", 3);
      assertThat(FIELDS).containsAll(fields(parts[2]));
      holdsNothingSecret(message);
    }
  }

  private static Set<String> fields(String body) {
    var fields = new TreeSet<String>();
    var json = Json.parseObject(body.getBytes(StandardCharsets.UTF_8));
    json.fieldNames().forEachRemaining(fields::add);
    json.path("report").fieldNames().forEachRemaining(fields::add);
    return fields;
  }

  @Test
  void bytesOfBothPortsHoldNoCredentialAndNoObject() {
    assertThat(lab.bytes()).contains("lab.observations").contains("freeMegabytes");
    holdsNothingSecret(lab.bytes());
  }

  private static void holdsNothingSecret(String text) {
    var secret = token.substring(token.indexOf('.') + 1);
    assertThat(text.contains(secret)).as("the token's secret").isFalse();
    assertThat(text.contains(token.substring(0, 6))).as("the token's id").isFalse();
    assertThat(text.contains("BEGIN ")).as("PEM").isFalse();
    assertThat(text.contains("PRIVATE KEY")).as("a private key").isFalse();
    assertThat(text.contains("apiVersion")).as("an API object").isFalse();
    assertThat(text.contains("system:")).as("a user or group of the cluster").isFalse();
    var key = Base64.getEncoder().encodeToString(Pem.parsePrivateKey(keys).getEncoded());
    assertThat(text.contains(key.substring(0, 40))).as("a member's key").isFalse();
    assertThat(text.contains(raw(key))).as("a member's key in binary").isFalse();
  }

  private static String raw(String base64) {
    var key = Base64.getDecoder().decode(base64);
    return new String(key, key.length - 32, 32, StandardCharsets.ISO_8859_1);
  }
}
