package io.hubspoke.apiserver.discovery;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DiscoveryDocumentsTest {
  private final DiscoveryDocuments documents = new DiscoveryDocuments(ResourceTable.types());
  private final Map<String, ? extends JsonNode> byPath =
      documents.paths().stream().collect(toMap(path -> path, documents::plain));

  @Test
  void theRootsNameEveryVersionAndGroup() {
    assertThat(byPath.get("/api").path("versions").toString()).isEqualTo("[\"v1\"]");
    assertThat(byPath.get("/apis").path("groups").findValuesAsText("name"))
        .contains("coordination.k8s.io", "certificates.k8s.io", "rbac.authorization.k8s.io")
        .doesNotContain("");
    assertThat(byPath.get("/apis/certificates.k8s.io").path("preferredVersion").toString())
        .isEqualTo("{\"groupVersion\":\"certificates.k8s.io/v1\",\"version\":\"v1\"}");
  }

  @Test
  void aVersionListsItsResourcesWithTheirSubresources() {
    List<String> core = byPath.get("/api/v1").path("resources").findValuesAsText("name");
    assertThat(core)
        .contains("pods", "pods/status", "pods/log", "pods/binding", "namespaces/finalize")
        .doesNotContain("leases", "configmaps/status");
    JsonNode pods = resource("/api/v1", "pods");
    assertThat(pods.path("singularName").asText()).isEqualTo("pod");
    assertThat(pods.path("shortNames").toString()).isEqualTo("[\"po\"]");
    assertThat(pods.path("categories").toString()).isEqualTo("[\"all\"]");
    assertThat(pods.path("verbs").toString())
        .isEqualTo(
            "[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\",\"update\","
                + "\"watch\"]");
    // As a real apiserver says it; events of both groups are stored as the core group's.
    assertThat(pods.path("storageVersionHash").asText()).isEqualTo("xPOwRZ+Yhw8=");
    for (String path : List.of("/api/v1", "/apis/events.k8s.io/v1")) {
      assertThat(resource(path, "events").path("storageVersionHash").asText())
          .isEqualTo("r2yiGXH7wu8=");
    }
    assertThat(resource("/api/v1", "pods/binding").path("kind").asText()).isEqualTo("Binding");
    assertThat(resource("/api/v1", "pods/eviction").toString())
        .isEqualTo(
            "{\"name\":\"pods/eviction\",\"singularName\":\"\",\"namespaced\":true,"
                + "\"group\":\"policy\",\"version\":\"v1\",\"kind\":\"Eviction\","
                + "\"verbs\":[\"create\"]}");
    assertThat(resource("/api/v1", "pods/binding").has("group")).isFalse();
    assertThat(resource("/api/v1", "nodes").path("namespaced").asBoolean(true)).isFalse();
    assertThat(
            resource("/apis/authorization.k8s.io/v1", "selfsubjectaccessreviews")
                .path("verbs")
                .toString())
        .isEqualTo("[\"create\"]");
  }

  @Test
  void theAggregatedFormHasTheSameResources() {
    JsonNode core = documents.aggregated(true, "v2").path("items");
    assertThat(core).hasSize(1);
    JsonNode groups = documents.aggregated(false, "v2").path("items");
    assertThat(groups).hasSize(byPath.get("/apis").path("groups").size());
    for (JsonNode version : core.get(0).path("versions")) {
      List<String> plain =
          byPath.get("/api/v1").path("resources").findValuesAsText("name").stream()
              .filter(name -> name.indexOf('/') < 0)
              .toList();
      assertThat(version.path("resources").findValuesAsText("resource")).isEqualTo(plain);
      assertThat(version.path("freshness").asText()).isEqualTo("Current");
    }
  }

  @Test
  void theAggregatedFormSaysWhatKindAnEvictionIs() {
    JsonNode version =
        documents.aggregated(true, "v2").path("items").get(0).path("versions").get(0);
    assertThat(version.path("resources").findValues("subresources").toString())
        .contains(
            "{\"subresource\":\"eviction\",\"responseKind\":{\"group\":\"policy\","
                + "\"version\":\"v1\",\"kind\":\"Eviction\"},\"verbs\":[\"create\"]}");
  }

  private JsonNode resource(String path, String name) {
    for (JsonNode resource : byPath.get(path).path("resources")) {
      if (resource.path("name").asText().equals(name)) {
        return resource;
      }
    }
    throw new AssertionError(name + " is not in " + path);
  }
}
