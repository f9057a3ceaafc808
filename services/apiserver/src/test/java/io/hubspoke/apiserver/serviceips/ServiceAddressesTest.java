package io.hubspoke.apiserver.serviceips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.KubernetesService;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.store.MemoryStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceAddressesTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";

  @TempDir Path dir;
  private TestApiserver server;
  private Client admin;

  @BeforeEach
  void start() throws Exception {
    // 30 addresses, of which the kubernetes service has the first.
    server =
        new TestApiserver(
            dir, options -> options.with(new KubernetesService(null, "127.96.0.0/27")));
    admin = server.admin();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void givesAServiceAnAddressOfTheRange() throws Exception {
    ObjectNode spec = (ObjectNode) create("web", "").json().path("spec");
    assertThat(spec.path("clusterIP").asText()).matches("127\\.96\\.0\\.(1[789]|2.|30)");
    assertThat(spec.path("clusterIPs")).hasSize(1);
    assertThat(spec.path("clusterIPs").get(0)).isEqualTo(spec.path("clusterIP"));
    assertThat(spec.path("ipFamilies").toString()).isEqualTo("[\"IPv4\"]");
    assertThat(spec.path("internalTrafficPolicy").asText()).isEqualTo("Cluster");
  }

  @Test
  void givesNoAddressTwiceHoweverManyAskAtOnce() throws Exception {
    List<Future<Answer>> answers = new ArrayList<>();
    try (var executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 35; i++) {
        String name = "s" + i;
        answers.add(executor.submit(() -> create(name, "")));
      }
    }
    Set<String> addresses = new HashSet<>();
    int refused = 0;
    for (var answer : answers) {
      if (answer.get().code() == 201) {
        assertThat(addresses.add(address(answer.get()))).isTrue();
      } else {
        refused++;
        assertThat(answer.get().code()).isEqualTo(500);
        assertThat(answer.get().message())
            .isEqualTo("Internal error occurred: failed to allocate a serviceIP: range is full");
      }
    }
    assertThat(addresses).hasSize(29).doesNotContain("127.96.0.1", "127.96.0.0", "127.96.0.31");
    assertThat(refused).isEqualTo(6);
    // What a deletion gives back is there for the next one.
    String freed = address(admin.get(SERVICES + "/" + nameOf(addresses.iterator().next())));
    assertThat(admin.delete(SERVICES + "/" + nameOf(freed)).code()).isEqualTo(200);
    assertThat(address(create("next", ""))).isEqualTo(freed);
  }

  @Test
  void givesAChosenAddressToOneServiceOnly() throws Exception {
    assertThat(address(create("a", "'clusterIP':'127.96.0.5',"))).isEqualTo("127.96.0.5");
    Answer refused = create("b", "'clusterIP':'127.96.0.5',");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .isEqualTo(
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: []string{\"127.96.0.5\"}:"
                + " failed to allocate IP 127.96.0.5: provided IP is already allocated");
    assertThat(refused.json().path("reason").asText()).isEqualTo("Invalid");
    admin.delete(SERVICES + "/a");
    assertThat(create("b", "'clusterIP':'127.96.0.5',").code()).isEqualTo(201);
  }

  @Test
  void keepsTheFirstAddressForTheApiItself() throws Exception {
    assertThat(address(admin.get(SERVICES + "/kubernetes"))).isEqualTo("127.96.0.1");
    assertThat(create("x", "'clusterIP':'127.96.0.1',").message())
        .endsWith("provided IP is already allocated");
  }

  @Test
  void refusesAddressesOutsideTheRangeAndWhatIsNone() throws Exception {
    for (String outside : List.of("10.0.0.1", "127.96.0.0", "127.96.0.31", "127.96.0.32")) {
      Answer refused = create("x", "'clusterIP':'" + outside + "',");
      assertThat(refused.code()).as(outside).isEqualTo(422);
      assertThat(refused.message())
          .endsWith(
              "failed to allocate IP "
                  + outside
                  + ": the provided IP ("
                  + outside
                  + ") is not in the valid range. The range of valid IPs is 127.96.0.0/27");
    }
    assertThat(create("x", "'clusterIP':'nonsense',").message())
        .contains("spec.clusterIPs[0]: Invalid value: \"nonsense\": must be a valid IP address");
    assertThat(create("x", "'clusterIP':'127.96.0.4','clusterIPs':['127.96.0.5'],").message())
        .contains("first value must match `clusterIP`");
  }

  @Test
  void leavesHeadlessAndExternalServicesWithoutAnAddress() throws Exception {
    assertThat(address(create("headless", "'clusterIP':'None',"))).isEqualTo("None");
    Answer external = create("ext", "'type':'ExternalName','externalName':'example.com',");
    assertThat(external.json().path("spec").has("clusterIP")).isFalse();
  }

  @Test
  void movesTheAddressWithTheTypeOfTheService() throws Exception {
    create("a", "'clusterIP':'127.96.0.5',");
    ObjectNode service = admin.get(SERVICES + "/a").json();
    ((ObjectNode) service.path("spec")).put("type", "ExternalName").put("externalName", "x.y");
    Answer external = admin.put(SERVICES + "/a", service);
    assertThat(external.code()).as(external.text()).isEqualTo(200);
    assertThat(external.json().path("spec").has("clusterIP")).isFalse();
    assertThat(create("b", "'clusterIP':'127.96.0.5',").code()).isEqualTo(201);
    ObjectNode back = external.json();
    ((ObjectNode) back.path("spec")).put("type", "ClusterIP").remove("externalName");
    assertThat(address(admin.put(SERVICES + "/a", back)))
        .startsWith("127.96.0.")
        .isNotEqualTo("127.96.0.5");
  }

  @Test
  void neverChangesAnAddressOnceGiven() throws Exception {
    create("a", "'clusterIP':'127.96.0.5',");
    ObjectNode service = admin.get(SERVICES + "/a").json();
    ObjectNode spec = (ObjectNode) service.path("spec");
    spec.put("clusterIP", "127.96.0.6").putArray("clusterIPs").add("127.96.0.6");
    Answer refused = admin.put(SERVICES + "/a", service);
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .contains("spec.clusterIPs[0]: Invalid value: \"127.96.0.6\": may not change once set");
    spec.remove(List.of("clusterIP", "clusterIPs"));
    assertThat(address(admin.put(SERVICES + "/a", service))).isEqualTo("127.96.0.5");
    assertThat(create("b", "'clusterIP':'127.96.0.6',").code()).isEqualTo(201);
  }

  @Test
  void takesNothingForAServiceThatIsNotStored() throws Exception {
    assertThat(create("kubernetes", "'clusterIP':'127.96.0.7',").code()).isEqualTo(409);
    assertThat(
            admin
                .post(SERVICES + "?dryRun=All", service("dry", "'clusterIP':'127.96.0.7',"))
                .code())
        .isEqualTo(201);
    assertThat(address(admin.post(SERVICES + "?dryRun=All", service("dry", ""))))
        .startsWith("127.96.0.");
    assertThat(create("a", "'clusterIP':'127.96.0.7',").code()).isEqualTo(201);
    assertThat(
            admin
                .post(SERVICES + "?dryRun=All", service("dry", "'clusterIP':'127.96.0.7',"))
                .code())
        .isEqualTo(422);
  }

  @Test
  void startsWithNoRangeThatItCannotServe() {
    var store = new MemoryStore();
    for (String range : List.of("fd00::/112", "127.96.0.0/30", "0.0.0.0/0", "127.96.0.0/33")) {
      assertThatThrownBy(() -> new ServiceAddresses(store, range))
          .as(range)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private Answer create(String name, String fields) throws Exception {
    return admin.post(SERVICES, service(name, fields));
  }

  private static ObjectNode service(String name, String fields) {
    String text =
        "{'metadata':{'name':'" + name + "'},'spec':{" + fields + "'ports':[{'port':80}]}}";
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private String nameOf(String address) throws Exception {
    for (var service : admin.get(SERVICES).json().path("items")) {
      if (service.path("spec").path("clusterIP").asText().equals(address)) {
        return service.path("metadata").path("name").asText();
      }
    }
    throw new AssertionError("no service has " + address);
  }

  private static String address(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isLessThan(300);
    return answer.json().path("spec").path("clusterIP").asText();
  }
}
