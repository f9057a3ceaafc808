package io.hubspoke.apiserver.serviceips;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodePortsTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";

  @TempDir Path dir;
  private TestApiserver server;
  private Client admin;

  @BeforeEach
  void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void givesAServiceAPortOnTheNodes() throws Exception {
    assertThat(nodePort(create("a", "NodePort", "{'port':80}"), 0)).isBetween(30_000, 32_767);
    assertThat(nodePort(create("b", "LoadBalancer", "{'port':80}"), 0)).isBetween(30_000, 32_767);
    assertThat(nodePort(create("c", "ClusterIP", "{'port':80}"), 0)).isZero();
    assertThat(
            nodePort(
                create(
                    "d",
                    "LoadBalancer','allocateLoadBalancerNodePorts':false,'x':'",
                    "{'port':80}"),
                0))
        .isZero();
  }

  @Test
  void givesOnePortTheSameNumberInBothProtocols() throws Exception {
    Answer dns =
        create(
            "dns",
            "NodePort",
            "{'name':'t','port':53},{'name':'u','port':53,'protocol':'UDP'},{'name':'m','port':9}");
    assertThat(nodePort(dns, 0)).isEqualTo(nodePort(dns, 1)).isNotEqualTo(nodePort(dns, 2));
  }

  @Test
  void givesAChosenPortToOneServiceOnlyAndTakesItBack() throws Exception {
    assertThat(nodePort(create("a", "NodePort", "{'port':80,'nodePort':30080}"), 0))
        .isEqualTo(30_080);
    Answer refused = create("b", "NodePort", "{'port':80,'nodePort':30080}");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .isEqualTo(
            "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port"
                + " is already allocated");
    admin.delete(SERVICES + "/a");
    assertThat(create("b", "NodePort", "{'port':80,'nodePort':30080}").code()).isEqualTo(201);
  }

  @Test
  void refusesPortsOutsideTheRangeAndTwice() throws Exception {
    assertThat(create("a", "NodePort", "{'port':80,'nodePort':80}").message())
        .endsWith(
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range."
                + " The range of valid ports is 30000-32767");
    assertThat(
            create(
                    "a",
                    "NodePort",
                    "{'name':'a','port':1,'nodePort':30001},{'name':'b','port':2,'nodePort':30001}")
                .message())
        .endsWith("spec.ports[1].nodePort: Duplicate value: 30001");
    // What the first port took of a service that was refused is free again.
    assertThat(
            create(
                    "a",
                    "NodePort",
                    "{'name':'a','port':1,'nodePort':30001},{'name':'b','port':2,'nodePort':2}")
                .code())
        .isEqualTo(422);
    assertThat(create("b", "NodePort", "{'port':1,'nodePort':30001}").code()).isEqualTo(201);
  }

  @Test
  void keepsThePortUntilTheTypeChanges() throws Exception {
    Answer made = create("a", "NodePort", "{'port':80}");
    int number = nodePort(made, 0);
    Answer kept = put("a", "NodePort", "{'port':80,'targetPort':8080}");
    assertThat(nodePort(kept, 0)).isEqualTo(number);
    ObjectNode inside = kept.json();
    ((ObjectNode) inside.path("spec")).put("type", "ClusterIP");
    Answer changed = admin.put(SERVICES + "/a", inside);
    assertThat(changed.code()).as(changed.text()).isEqualTo(200);
    assertThat(nodePort(changed, 0)).isZero();
    assertThat(changed.json().path("spec").has("externalTrafficPolicy")).isFalse();
    assertThat(create("b", "NodePort", "{'port':80,'nodePort':" + number + "}").code())
        .isEqualTo(201);
  }

  @Test
  void givesALoadBalancersHealthCheckAPortThatStaysWhileItIsNeeded() throws Exception {
    String local = "LoadBalancer','externalTrafficPolicy':'Local";
    Answer made = create("a", local, "{'port':80}");
    int number = healthCheck(made);
    assertThat(number).isBetween(30_000, 32_767).isNotEqualTo(nodePort(made, 0));
    assertThat(healthCheck(put("a", local, "{'port':81}"))).isEqualTo(number);
    String chosen = "LoadBalancer','externalTrafficPolicy':'Local','healthCheckNodePort':%d,'x':'";
    assertThat(put("a", chosen.formatted(30_099), "{'port':80}").message())
        .endsWith("spec.healthCheckNodePort: Invalid value: 30099: field is immutable");
    assertThat(create("b", chosen.formatted(number), "{'port':80}").message())
        .endsWith(
            "spec.healthCheckNodePort: Invalid value: %d: provided port is already allocated"
                .formatted(number));
    assertThat(create("b", chosen.formatted(30_077), "{'port':80,'nodePort':30077}").message())
        .endsWith("30077: provided port is already allocated");
    assertThat(create("b", "NodePort','healthCheckNodePort':30077,'x':'", "{'port':80}").message())
        .contains("spec.healthCheckNodePort: Invalid value: 30077: may only be set when");

    assertThat(healthCheck(put("a", "LoadBalancer", "{'port':80}"))).isZero();
    assertThat(healthCheck(create("b", chosen.formatted(number), "{'port':80}")))
        .as("the port is free again")
        .isEqualTo(number);
  }

  @Test
  void takesNothingInADryRun() throws Exception {
    String port = "{'port':80,'nodePort':30080}";
    assertThat(admin.post(SERVICES + "?dryRun=All", service("a", "NodePort", port)).code())
        .isEqualTo(201);
    assertThat(create("b", "NodePort", port).code()).isEqualTo(201);
    assertThat(admin.post(SERVICES + "?dryRun=All", service("a", "NodePort", port)).code())
        .isEqualTo(422);
  }

  private Answer create(String name, String type, String ports) throws Exception {
    return admin.post(SERVICES, service(name, type, ports));
  }

  private Answer put(String name, String type, String ports) throws Exception {
    return admin.put(SERVICES + "/" + name, service(name, type, ports));
  }

  private static ObjectNode service(String name, String type, String ports) {
    String text =
        "{'metadata':{'name':'"
            + name
            + "'},'spec':{'type':'"
            + type
            + "','ports':["
            + ports
            + "]}}";
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static int healthCheck(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isLessThan(300);
    return answer.json().path("spec").path("healthCheckNodePort").asInt();
  }

  private static int nodePort(Answer answer, int index) {
    assertThat(answer.code()).as(answer.text()).isLessThan(300);
    return answer.json().path("spec").path("ports").path(index).path("nodePort").asInt();
  }
}
