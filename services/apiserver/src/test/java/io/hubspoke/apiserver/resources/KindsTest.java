package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is peculiar to the kinds that need few words. */
class KindsTest {
  private static final Written SERVICES = Written.as(ResourceTable.SERVICES);

  @Test
  void aServiceIsCompletedWithItsDefaults() {
    ObjectNode spec = (ObjectNode) SERVICES.create("{'spec':{'ports':[{'port':80}]}}").path("spec");
    assertThat(spec)
        .isEqualTo(
            json(
                "{'ports':[{'port':80,'protocol':'TCP','targetPort':80}],'type':'ClusterIP',"
                    + "'sessionAffinity':'None','internalTrafficPolicy':'Cluster',"
                    + "'ipFamilyPolicy':'SingleStack','ipFamilies':['IPv4']}"));
    assertThat(
            SERVICES
                .create("{'spec':{'sessionAffinity':'ClientIP','ports':[{'port':80}]}}")
                .path("spec")
                .path("sessionAffinityConfig"))
        .isEqualTo(json("{'clientIP':{'timeoutSeconds':10800}}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | spec.ports: Required value",
        "{'ports':[{'port':0,'targetPort':1}]} | spec.ports[0].port: Invalid value: 0: must be between 1 and"
            + " 65535, inclusive",
        "{'ports':[{'name':'a','port':1},{'port':2}]} | spec.ports[1].name: Required value",
        "{'ports':[{'name':'a','port':1},{'name':'a','port':2}]} | spec.ports[1].name: Duplicate"
            + " value: \"a\"",
        "{'ports':[{'port':1,'protocol':'ICMP'}]} | spec.ports[0].protocol: Unsupported value:"
            + " \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        "{'ports':[{'port':1,'targetPort':'a--b'}]} | spec.ports[0].targetPort: Invalid value:"
            + " \"a--b\": must not contain consecutive hyphens",
        "{'ports':[{'port':1,'nodePort':30000}]} | spec.ports[0].nodePort: Forbidden: may not be"
            + " used when `type` is 'ClusterIP'",
        "{'type':'Other','ports':[{'port':1}]} | spec.type: Unsupported value: \"Other\": supported"
            + " values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
        "{'type':'ExternalName'} | spec.externalName: Required value",
        "{'type':'ExternalName','externalName':'a.b','clusterIP':'10.0.0.1','clusterIPs':"
            + "['10.0.0.1']} | spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        "{'type':'NodePort','clusterIP':'None','ports':[{'port':1}]} | spec.clusterIPs[0]: Invalid"
            + " value: \"None\": may not be set to 'None' for NodePort services",
        "{'ipFamilyPolicy':'RequireDualStack','ports':[{'port':1}]} | spec.ipFamilyPolicy: Invalid"
            + " value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
        "{'externalIPs':['127.0.0.1'],'ports':[{'port':1}]} | spec.externalIPs[0]: Invalid value:"
            + " \"127.0.0.1\": may not be in the machine's own loopback range (127.0.0.0/24,"
            + " ::1/128)",
        "{'externalIPs':['10.0.0.1','127.1'],'ports':[{'port':1}]} | spec.externalIPs[1]: Invalid"
            + " value: \"127.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        "{'externalIPs':['169.254.169.254'],'ports':[{'port':1}]} | spec.externalIPs[0]: Invalid"
            + " value: \"169.254.169.254\": may not be in the link-local range (169.254.0.0/16,"
            + " fe80::/10)",
        "{'healthCheckNodePort':30000,'ports':[{'port':1}]} | spec.healthCheckNodePort: Invalid"
            + " value: 30000: may only be set when `type` is 'LoadBalancer' and"
            + " `externalTrafficPolicy` is 'Local'",
        "{'ipFamilies':['IPv6'],'ports':[{'port':1}]} | spec.ipFamilies[0]: Invalid value:"
            + " \"IPv6\": not configured on this cluster",
      })
  void aServicesErrorsNameTheField(String spec, String error) {
    assertThat(SERVICES.errors("{'spec':" + spec + "}")).containsExactly(error);
  }

  @Test
  void aSecretHoldsBytesOfOneType() {
    Written secrets = Written.as(ResourceTable.SECRETS);
    ObjectNode secret = secrets.create("{'stringData':{'a':'b'},'data':{'c':'ZA=='}}");
    assertThat(secret).isEqualTo(json("{'data':{'c':'ZA==','a':'Yg=='},'type':'Opaque'}"));
    assertThatThrownBy(() -> secrets.errors("{'data':{'a':'not base64'}}"))
        .hasMessage("Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data");
    assertThat(secrets.errors("{'data':{'a b':''}}"))
        .singleElement()
        .asString()
        .startsWith("data[a b]: Invalid value: \"a b\": a valid config key must consist of");
    assertThat(secrets.errors("{'type':'kubernetes.io/tls','data':{'tls.crt':''}}"))
        .containsExactly("data[tls.key]: Required value");
    assertThat(secrets.errors("{'type':'kubernetes.io/basic-auth'}")).hasSize(2);
    assertThat(secrets.errors("{'type':'kubernetes.io/basic-auth','data':{'password':''}}"))
        .isEmpty();
    ObjectNode other = secret.deepCopy().put("type", "example.com/other");
    assertThat(secrets.errors(secret, "", other))
        .containsExactly("type: Invalid value: \"example.com/other\": field is immutable");
  }

  @Test
  void anImmutableConfigMapStaysAsItIs() {
    Written maps = Written.as(ResourceTable.CONFIG_MAPS);
    ObjectNode map = maps.create("{'data':{'a':'b'},'immutable':true}");
    assertThat(maps.errors(map, "", json("{'data':{'a':'c'},'immutable':true}")))
        .containsExactly("data: Forbidden: field is immutable when `immutable` is set");
    assertThat(maps.errors(map, "", json("{'data':{'a':'b'}}")))
        .containsExactly("immutable: Forbidden: field is immutable when `immutable` is set");
    assertThat(maps.errors(map, "", map.deepCopy())).isEmpty();
    assertThat(maps.errors("{'data':{'a':'b'},'binaryData':{'a':'Yg=='}}"))
        .containsExactly("binaryData[a]: Invalid value: \"a\": duplicate of key present in data");
    assertThat(maps.errors("{'data':{'a':'" + "x".repeat(ConfigMapStrategy.MAX_BYTES + 1) + "'}}"))
        .hasSize(1);
  }

  @Test
  void aNamespaceIsHeldUntilItsContentsAreGone() {
    Written namespaces = Written.as(ResourceTable.NAMESPACES);
    ObjectNode namespace = namespaces.create("{'metadata':{'name':'n'}}");
    assertThat(namespace.path("spec")).isEqualTo(json("{'finalizers':['kubernetes']}"));
    assertThat(namespace.path("status")).isEqualTo(json("{'phase':'Active'}"));
    assertThat(namespace.path("metadata").path("labels"))
        .isEqualTo(json("{'kubernetes.io/metadata.name':'n'}"));
    ObjectNode freed = namespace.deepCopy();
    freed.withObject("spec").remove("finalizers");
    assertThat(namespaces.update(namespace, "", freed).path("spec"))
        .isEqualTo(namespace.path("spec"));
    assertThat(ResourceTable.NAMESPACES.strategy().validateName("a.b", false)).isNotEmpty();
  }

  @Test
  void aNodeRegistersWithItsStatusAndKeepsItsPodRange() {
    Written nodes = Written.as(ResourceTable.NODES);
    ObjectNode node =
        nodes.create(
            "{'metadata':{'name':'n'},'spec':{'podCIDR':'10.0.0.0/24'},"
                + "'status':{'capacity':{'cpu':'2'}}}");
    assertThat(node.path("status").path("allocatable")).isEqualTo(json("{'cpu':'2'}"));
    ObjectNode moved = node.deepCopy();
    moved.withObject("spec").put("podCIDR", "10.9.0.0/24");
    assertThat(nodes.errors(node, "", moved))
        .containsExactly(
            "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to"
                + " valid");
    ObjectNode ranged = node.deepCopy();
    ranged.withObject("spec").remove("podCIDR");
    ranged.withObject("spec").putArray("podCIDRs").add("10.9.0.0/24");
    assertThat(nodes.errors(node, "", ranged)).hasSize(1);
    ranged.withObject("spec").putArray("podCIDRs").add("10.0.0.0/24").add("10.9.0.0/24");
    assertThat(nodes.errors(node, "", ranged)).hasSize(1);
    ObjectNode provided = node.deepCopy();
    provided.withObject("spec").put("providerID", "a://b");
    assertThat(nodes.errors(node, "", provided)).isEmpty();
    assertThat(nodes.errors(provided, "", node))
        .containsExactly(
            "spec.providerID: Forbidden: node updates may not change providerID except from \"\""
                + " to valid");
    assertThat(nodes.errors("{'spec':{'taints':[{'key':'a','effect':'NoRun'}]}}"))
        .containsExactly(
            "spec.taints[0].effect: Unsupported value: \"NoRun\": supported values: \"NoExecute\","
                + " \"NoSchedule\", \"PreferNoSchedule\"");
    assertThat(
            nodes.row(
                "{'metadata':{'name':'n','labels':{'node-role.kubernetes.io/worker':''}},"
                    + "'spec':{'unschedulable':true},"
                    + "'status':{'conditions':[{'type':'Ready','status':'Unknown'}],"
                    + "'addresses':[{'type':'InternalIP','address':'127.10.0.2'}]}}",
                "2026-01-01T00:00:00Z"))
        .containsEntry("Status", "NotReady,SchedulingDisabled")
        .containsEntry("Roles", "worker")
        .containsEntry("Internal-IP", "127.10.0.2")
        .containsEntry("OS-Image", "<unknown>");
  }

  @Test
  void aRoleGrantsSomethingAndABindingStaysBound() {
    Written roles = Written.as(ResourceTable.ROLES);
    assertThat(roles.errors("{'rules':[{'apiGroups':[''],'resources':['pods']}]}"))
        .containsExactly("rules[0].verbs: Required value: verbs must contain at least one value");
    assertThat(roles.errors("{'rules':[{'verbs':['get'],'nonResourceURLs':['/x']}]}")).hasSize(1);
    Written bindings = Written.as(ResourceTable.ROLE_BINDINGS);
    ObjectNode binding =
        bindings.create(
            "{'roleRef':{'kind':'Role','name':'r'},'subjects':[{'kind':'User','name':'u'}]}");
    assertThat(binding.path("subjects").get(0).path("apiGroup").asText())
        .isEqualTo("rbac.authorization.k8s.io");
    ObjectNode other = binding.deepCopy();
    other.withObject("roleRef").put("name", "admin");
    assertThat(bindings.errors(binding, "", other))
        .singleElement()
        .asString()
        .startsWith("roleRef: Invalid value: ")
        .endsWith("cannot change roleRef");
  }

  @Test
  void anEventIsAboutAnObjectOfItsNamespace() {
    Written events = Written.as(ResourceTable.EVENTS);
    assertThat(events.errors("{'metadata':{'namespace':'a'},'involvedObject':{'namespace':'b'}}"))
        .containsExactly(
            "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace");
    assertThat(events.errors("{'metadata':{'namespace':'default'},'involvedObject':{}}")).isEmpty();
    assertThat(
            events.row(
                "{'type':'Warning','reason':'BackOff','message':' m ','count':3,"
                    + "'firstTimestamp':'2026-01-01T00:00:00Z',"
                    + "'lastTimestamp':'2026-01-01T00:05:00Z',"
                    + "'involvedObject':{'kind':'Pod','name':'p'}}",
                "2026-01-01T00:06:00Z"))
        .containsEntry("Last Seen", "60s (x3 over 6m)")
        .containsEntry("Object", "pod/p")
        .containsEntry("Message", "m");
  }

  @Test
  void aLeaseLastsSomeTime() {
    assertThat(Written.as(ResourceTable.LEASES).errors("{'spec':{'leaseDurationSeconds':0}}"))
        .containsExactly("spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0");
  }
}
