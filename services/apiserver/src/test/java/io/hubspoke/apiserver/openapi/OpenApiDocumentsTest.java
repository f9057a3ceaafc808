package io.hubspoke.apiserver.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OpenApiDocumentsTest {
  private static final OpenApiDocuments DOCUMENTS = new OpenApiDocuments(ResourceTable.types());

  @Test
  void everyReferenceIsDefinedInItsOwnDocument() {
    for (String name : DOCUMENTS.names()) {
      ObjectNode document = DOCUMENTS.v3(name);
      Set<String> defined = names(document.path("components").path("schemas"));
      assertThat(undefined(document, "#/components/schemas/", defined)).as(name).isEmpty();
    }
    ObjectNode document = DOCUMENTS.v2();
    assertThat(undefined(document, "#/definitions/", names(document.path("definitions"))))
        .isEmpty();
  }

  @Test
  void everyServedKindIsDescribedAndCanBePatchedWithValidation() {
    JsonNode definitions = DOCUMENTS.v2().path("definitions");
    Set<String> kinds = new TreeSet<>();
    for (JsonNode definition : definitions) {
      for (JsonNode kind : definition.path("x-kubernetes-group-version-kind")) {
        kinds.add(kind.toString());
        assertThat(definition.path("description").asText()).as(kind.toString()).isNotEmpty();
      }
    }
    for (var type : ResourceTable.types()) {
      assertThat(kinds)
          .contains(
              "{\"group\":\""
                  + type.group()
                  + "\",\"kind\":\""
                  + type.kind()
                  + "\",\"version\":\""
                  + type.version()
                  + "\"}");
    }
    JsonNode patch =
        DOCUMENTS
            .v3("api/v1")
            .path("paths")
            .path("/api/v1/namespaces/{namespace}/pods/{name}")
            .path("patch");
    assertThat(patch.path("parameters").findValuesAsText("name"))
        .contains("dryRun", "fieldManager", "fieldValidation", "force");
    assertThat(patch.path("x-kubernetes-group-version-kind").path("kind").asText())
        .isEqualTo("Pod");
    assertThat(patch.path("x-kubernetes-action").asText()).isEqualTo("patch");
    assertThat(patch.path("operationId").asText()).isEqualTo("patchCoreV1NamespacedPod");
  }

  @Test
  void aSchemaSaysHowItsFieldsAreMergedAndWhatTheyMayBe() {
    JsonNode schemas = DOCUMENTS.v3("api/v1").path("components").path("schemas");
    JsonNode pod = schemas.path("io.k8s.api.core.v1.PodSpec");
    JsonNode containers = pod.path("properties").path("containers");
    assertThat(containers.path("x-kubernetes-patch-strategy").asText()).isEqualTo("merge");
    assertThat(containers.path("x-kubernetes-patch-merge-key").asText()).isEqualTo("name");
    assertThat(containers.path("x-kubernetes-list-type").asText()).isEqualTo("map");
    assertThat(containers.path("items").path("$ref").asText())
        .isEqualTo("#/components/schemas/io.k8s.api.core.v1.Container");
    assertThat(pod.path("required").toString()).isEqualTo("[\"containers\"]");
    JsonNode port = schemas.path("io.k8s.api.core.v1.ServicePort").path("properties");
    assertThat(port.path("port").path("format").asText()).isEqualTo("int32");
    assertThat(
            schemas.path("io.k8s.apimachinery.pkg.util.intstr.IntOrString").path("format").asText())
        .isEqualTo("int-or-string");
    assertThat(
            DOCUMENTS
                .v2()
                .path("definitions")
                .path("io.k8s.apimachinery.pkg.api.resource.Quantity")
                .path("type")
                .asText())
        .isEqualTo("string");
  }

  @Test
  void theDocumentsAreSmall() {
    assertThat(DOCUMENTS.v2().toString().length()).isLessThan(1_500_000);
    assertThat(DOCUMENTS.v3("api/v1").toString().length()).isLessThan(500_000);
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<String> undefined(JsonNode document, String prefix, Set<String> defined) {
    List<String> missing = new ArrayList<>();
    for (JsonNode node : document.findValues("$ref")) {
      String ref = node.asText();
      // The schema of schemas has a field of that name.
      boolean found = ref.startsWith(prefix) && defined.contains(ref.substring(prefix.length()));
      if (node.isTextual() && !found) {
        missing.add(ref);
      }
    }
    return missing;
  }
}
