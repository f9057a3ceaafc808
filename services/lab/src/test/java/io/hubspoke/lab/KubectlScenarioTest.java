package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One long way through the API with every kubectl, from create to delete. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class KubectlScenarioTest {
  /** Made by components or answered without being stored, or not to be written here. */
  private static final Set<String> NOT_IN_THE_MANIFEST =
      Set.of("v1 Namespace", "v1 Node", "v1 Event", "events.k8s.io/v1 Event");

  /** Kinds whose controllers say which generation they have seen. */
  private static final Set<String> CONTROLLED =
      Set.of("Deployment", "ReplicaSet", "ReplicationController");

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("mesh"), 1);
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  static List<KubectlSession> versions() throws Exception {
    return KubectlSession.ofEveryVersion(mesh, dir);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void everyResourceIsCreatedShownChangedAndDeleted(KubectlSession kubectl) throws Exception {
    kubectl.inNamespace("all");
    var manifest =
        KubectlManifest.write(
            kubectl.home().resolve("all.yaml"), kubectl.version(), kubectl.number());
    var file = manifest.file().toString();
    var count = manifest.entries().size();
    assertThat(storedResources(kubectl))
        .containsExactlyInAnyOrderElementsOf(
            manifest.entries().stream().map(e -> e.apiVersion() + " " + e.kind()).toList());

    assertThat(kubectl.ok("apply", "-f", file).lines())
        .hasSize(count)
        .allMatch(line -> line.endsWith(" created"));
    manifest.matches(kubectl.ok("get", "-f", file, "-o", "wide"));
    var before = settled(kubectl, file);
    assertThat(before).hasSize(count - 1);

    // For a budget's selector kubectl sends a patch even where nothing differs, for webhooks'
    // rules,
    // whose scope has a default, and one that is older than batch/v1 for lists that it doesn't know
    // how to merge.
    assertThat(kubectl.ok("apply", "-f", file).lines())
        .hasSize(count)
        .allMatch(
            l ->
                l.endsWith(" unchanged")
                    || l.matches(
                        "(poddisruptionbudget|cronjob|.*webhookconfiguration).* configured"));
    assertThat(revisions(kubectl, file)).isEqualTo(before);
    assertThat(kubectl.ok("diff", "-f", file)).isEmpty();
    describes(kubectl, manifest);
    changes(kubectl, manifest);
    deletes(kubectl, manifest);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void workloadsNodesAndRightsAreWorkedWith(KubectlSession kubectl) throws Exception {
    kubectl.inNamespace("work");
    var workloads = new KubectlWorkloadSteps(kubectl);
    workloads.creates();
    workloads.rollsOut();
    workloads.runs();
    var cluster = new KubectlClusterSteps(kubectl);
    cluster.validates();
    cluster.explains();
    cluster.looksAround();
    cluster.movesNodes();
    cluster.knowsItsRights();
    assertThat(kubectl.ok("delete", "all", "--all")).contains("\"web\" deleted");
  }

  /** Waits until the controllers have written what they make of it, and returns the revisions. */
  private static List<String> settled(KubectlSession kubectl, String file) throws Exception {
    var settled =
        Await.until(
            "all is observed",
            () -> List.of(items(kubectl, file), items(kubectl, file)),
            twice -> twice.getFirst().equals(twice.getLast()) && isObserved(twice.getLast()));
    return revisions(settled.getLast());
  }

  private static JsonNode items(KubectlSession kubectl, String file) throws Exception {
    return Json.parse(kubectl.ok("get", "-f", file, "-o", "json").getBytes(StandardCharsets.UTF_8))
        .path("items");
  }

  private static boolean isObserved(JsonNode items) {
    for (var object : items) {
      if (object.path("kind").asText().equals("Job") && object.at("/status/conditions").isEmpty()) {
        return false;
      }
      if (CONTROLLED.contains(object.path("kind").asText())
          && (object.at("/status/observedGeneration").asInt()
                  != object.at("/metadata/generation").asInt()
              || object.at("/status/replicas").asInt() != object.at("/spec/replicas").asInt())) {
        return false;
      }
    }
    return true;
  }

  /** What was written when; without the pod, which the scheduler writes too. */
  private static List<String> revisions(KubectlSession kubectl, String file) throws Exception {
    return revisions(items(kubectl, file));
  }

  private static List<String> revisions(JsonNode items) {
    var found = new ArrayList<String>();
    for (var object : items) {
      var meta = object.path("metadata");
      assertThat(meta.path("uid").asText()).isNotEmpty();
      assertThat(meta.path("creationTimestamp").asText()).endsWith("Z");
      if (!object.path("kind").asText().equals("Pod")) {
        found.add(object.path("kind").asText() + " " + meta.path("resourceVersion").asText());
      }
    }
    return found;
  }

  /** The resources that discovery shows with all verbs, by version and kind. */
  private static Set<String> storedResources(KubectlSession kubectl) throws Exception {
    return kubectl
        .ok("api-resources", "--verbs=create,delete,get,list,patch,update,watch", "--no-headers")
        .lines()
        .map(line -> line.strip().split(" +"))
        .map(columns -> columns[columns.length - 3] + " " + columns[columns.length - 1])
        .filter(resource -> !NOT_IN_THE_MANIFEST.contains(resource))
        .collect(Collectors.toSet());
  }

  private static void describes(KubectlSession kubectl, KubectlManifest manifest) throws Exception {
    var described = kubectl.run("describe", "-f", manifest.file().toString());
    var count = described.out().lines().filter(line -> line.startsWith("Name: ")).count();
    if (kubectl.minor() > 32) {
      assertThat(described.ok()).isNotEmpty();
      assertThat(count).isEqualTo(manifest.entries().size());
    } else {
      // For two or three kinds it asks for a beta that 1.33 doesn't serve any more, or not yet.
      assertThat(described.failed())
          .isEqualTo(
              "Error from server (NotFound): the server could not find the requested resource\n");
      assertThat(count).isGreaterThanOrEqualTo(manifest.entries().size() - 3);
    }
    assertThat(described.out()).containsPattern("StrategyType: +RollingUpdate");
    if (kubectl.minor() > 30) {
      // Older ones look for Endpoints of the service's name.
      assertThat(described.out()).containsPattern("Endpoints: +10.1.2.3:8080");
    }
  }

  private static void changes(KubectlSession kubectl, KubectlManifest manifest) throws Exception {
    var file = manifest.file().toString();
    var red = manifest.with("red", "color: blue", "color: red").file().toString();
    var diff = kubectl.run("diff", "-f", red);
    assertThat(diff.status()).as(diff.err()).isEqualTo(1);
    assertThat(diff.out().lines()).contains("-  color: blue", "+  color: red");
    assertThat(diff.out().lines().filter(line -> line.startsWith("diff "))).hasSize(1);
    assertThat(kubectl.ok("apply", "--dry-run=server", "-f", red).lines())
        .anyMatch(l -> l.matches("configmap/\\S+ configured \\(server dry run\\)"));
    assertThat(kubectl.ok("get", "configmap", "-l", "app=shop", "-o", "jsonpath={..color}"))
        .isEqualTo("blue");
    assertThat(kubectl.ok("apply", "-f", red).lines())
        .anyMatch(l -> l.matches("configmap/\\S+ configured"));

    var count = manifest.entries().size();
    for (var change :
        List.of(
            new String[] {"label", "-f", file, "seen=1"},
            new String[] {"annotate", "-f", file, "two=2"},
            new String[] {"patch", "-f", file, "-p", "{\"metadata\":{\"labels\":{\"a\":\"1\"}}}"},
            new String[] {
              "patch", "-f", file, "--type=merge", "-p", "{\"metadata\":{\"labels\":{\"b\":\"2\"}}}"
            },
            new String[] {
              "patch",
              "-f",
              file,
              "--type=json",
              "-p",
              "[{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]"
            })) {
      assertThat(kubectl.ok(change).lines()).as(change[0]).hasSize(count);
    }
    // What the controllers write of it meanwhile would be a conflict below.
    assertThat(settled(kubectl, file)).hasSize(count - 1);
    var live = kubectl.home().resolve("live.yaml");
    Files.writeString(live, kubectl.ok("get", "-f", file, "-o", "yaml"));
    assertThat(Files.readString(live).lines().filter(l -> l.matches(" +b: \"2\""))).hasSize(count);
    assertThat(kubectl.ok("replace", "-f", live.toString()).lines())
        .hasSize(count)
        .allMatch(line -> line.endsWith(" replaced"));
  }

  private static void deletes(KubectlSession kubectl, KubectlManifest manifest) throws Exception {
    var file = manifest.file().toString();
    var count = manifest.entries().size();
    assertThat(kubectl.ok("delete", "--dry-run=server", "-f", file).lines())
        .hasSize(count)
        .allMatch(line -> line.endsWith(" deleted (server dry run)"));
    assertThat(kubectl.ok("get", "-f", file, "-o", "name").lines()).hasSize(count);
    assertThat(kubectl.ok("delete", "-f", file).lines()).hasSize(count);
    assertThat(kubectl.run("get", "-f", file).err().lines())
        .hasSize(count)
        .allMatch(line -> line.startsWith("Error from server (NotFound)"));
  }
}
