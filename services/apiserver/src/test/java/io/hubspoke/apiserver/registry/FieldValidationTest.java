package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldValidationTest extends RegistryTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String TYPOS =
      "{'metadata':{'name':'p','labels':{'any':'key'}},'foo':1,'spec':{'nodeNam':'n','hostNetwork':"
          + "true,'hostNetwork':false,'containers':[{'name':'c','image':'i','imag':'j'}]}}";

  @Test
  void strictRefusesUnknownAndDuplicateFields() throws Exception {
    Answer refused = server.post(PODS + "?fieldValidation=Strict", TYPOS);
    assertThat(refused.code()).isEqualTo(400);
    assertThat(refused.reason()).isEqualTo("BadRequest");
    assertThat(refused.message())
        .isEqualTo(
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: duplicate"
                + " field \"spec.hostNetwork\", unknown field \"foo\", unknown field"
                + " \"spec.nodeNam\", unknown field \"spec.containers[0].imag\"");
    assertThat(server.get(PODS + "/p").code()).isEqualTo(404);
  }

  @Test
  void warnsByDefaultAndKeepsTheFields() throws Exception {
    Answer created = server.post(PODS, TYPOS);
    assertThat(created.code()).isEqualTo(201);
    assertThat(warnings(created))
        .containsExactly(
            "299 - \"duplicate field \\\"spec.hostNetwork\\\"\"",
            "299 - \"unknown field \\\"foo\\\"\"",
            "299 - \"unknown field \\\"spec.nodeNam\\\"\"",
            "299 - \"unknown field \\\"spec.containers[0].imag\\\"\"");
    assertThat(created.body().at("/spec/nodeNam").asText()).isEqualTo("n");
    assertThat(created.body().at("/spec/containers/0/imag").asText()).isEqualTo("j");
    assertThat(server.post(PODS + "?fieldValidation=Warn", TYPOS.replace("'p'", "'q'")))
        .satisfies(answer -> assertThat(warnings(answer)).hasSize(4));
  }

  @Test
  void ignoreSaysNothing() throws Exception {
    Answer created = server.post(PODS + "?fieldValidation=Ignore", TYPOS);
    assertThat(created.code()).isEqualTo(201);
    assertThat(warnings(created)).isEmpty();
    Answer refused = server.post(PODS + "?fieldValidation=strict", TYPOS);
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .contains("fieldValidation: Unsupported value: \"strict\": supported values: \"Ignore\"");
  }

  @Test
  void updatesAreCheckedAsWhole() throws Exception {
    ObjectNode made = server.post(PODS + "?fieldValidation=Ignore", TYPOS).body();
    Answer strict = server.send("PUT", PODS + "/p?fieldValidation=Strict", made.toString());
    assertThat(strict.code()).isEqualTo(400);
    assertThat(strict.message()).contains("unknown field \"spec.nodeNam\"");
    assertThat(warnings(server.put(PODS + "/p", made))).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"merge", "strategic-merge"})
  void aPatchAnswersForItsOwnFields(String type) throws Exception {
    server.post(PODS + "?fieldValidation=Ignore", TYPOS);
    String path = PODS + "/p?fieldValidation=Strict";
    Answer fine = server.patch(path, type, "{'metadata':{'labels':{'a':'b'}}}");
    assertThat(fine.code()).as(fine.message()).isEqualTo(200);

    Answer refused = server.patch(path, type, "{'spec':{'typo':1},'spec':{'typo':2}}");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .isEqualTo(
            " \"\" is invalid: patch: Invalid value: \"{\\\"spec\\\":{\\\"typo\\\":2}}\": strict"
                + " decoding error: duplicate field \"spec\", unknown field \"spec.typo\"");
    assertThat(server.get(PODS + "/p").body().path("spec").has("typo")).isFalse();

    Answer warned = server.patch(PODS + "/p", type, "{'metadata':{'typo':2}}");
    assertThat(warned.code()).isEqualTo(200);
    assertThat(warnings(warned)).containsExactly("299 - \"unknown field \\\"metadata.typo\\\"\"");
  }

  @Test
  void aJsonPatchAnswersForItsOperationsToo() throws Exception {
    server.post(PODS + "?fieldValidation=Ignore", TYPOS);
    String patch = "[{'op':'add','path':'/metadata/typo','value':1,'valeu':2}]";
    Answer refused = server.patch(PODS + "/p?fieldValidation=Strict", "json", patch);
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .endsWith(
            "strict decoding error: json patch unknown field \"[0].valeu\", unknown field"
                + " \"metadata.typo\"");
    assertThat(warnings(server.patch(PODS + "/p", "json", patch))).hasSize(2);
  }

  @Test
  void yamlIsCheckedAsJsonIs() throws Exception {
    String yaml =
        """
        metadata: {name: y}
        spec:
          typo: 1
          containers:
          - name: c
            image: i
            image: j
        """;
    String[] type = {"Content-Type", "application/yaml"};
    Answer refused = server.post(PODS + "?fieldValidation=Strict", yaml, type);
    assertThat(refused.code()).isEqualTo(400);
    assertThat(refused.message())
        .endsWith(
            "strict decoding error: duplicate field \"spec.containers[0].image\","
                + " unknown field \"spec.typo\"");
    Answer warned = server.post(PODS, yaml, type);
    assertThat(warned.code()).isEqualTo(201);
    assertThat(warnings(warned)).hasSize(2);
    assertThat(warned.body().at("/spec/containers/0/image").asText()).isEqualTo("j");
  }

  @Test
  void warningsAreBoundedAndCannotEndTheirHeader() throws Exception {
    ObjectNode pod =
        Json.parseObject(
            TYPOS.replace('\'', '"').getBytes(java.nio.charset.StandardCharsets.UTF_8));
    pod.put("evil\r\nSet-Cookie: a=b\"\\ \u00e4", 1);
    for (int i = 0; i < 500; i++) {
      pod.put("x".repeat(1_000) + i, 1);
    }
    Answer created = server.post(PODS, pod.toString());
    assertThat(created.code()).isEqualTo(201);
    assertThat(created.headers().firstValue("Set-Cookie")).isEmpty();
    assertThat(warnings(created))
        .contains("299 - \"unknown field \\\"evil??Set-Cookie: a=b\\\"\\\\ ?\\\"\"")
        .hasSizeLessThan(30)
        .allSatisfy(warning -> assertThat(warning).hasSizeLessThan(300));
  }

  private static List<String> warnings(Answer answer) {
    return answer.headers().allValues("Warning");
  }
}
