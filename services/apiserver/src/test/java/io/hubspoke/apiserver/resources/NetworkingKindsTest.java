package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networking and discovery. */
class NetworkingKindsTest {
  private static final String NOW = "2026-01-01T00:00:00Z";
  private static final Written SLICES = Written.as(NetworkingResources.ENDPOINT_SLICES);
  private static final Written INGRESSES = Written.as(NetworkingResources.INGRESSES);
  private static final Written POLICIES = Written.as(NetworkingResources.NETWORK_POLICIES);
  private static final Written CLASSES = Written.as(NetworkingResources.INGRESS_CLASSES);

  @Test
  void anEndpointSliceIsCompletedAndKeepsTheTypeOfItsAddresses() {
    ObjectNode slice =
        SLICES.create(
            "{'addressType':'IPv4','endpoints':[{'addresses':['127.20.1.2']}],"
                + "'ports':[{'port':80}]}");
    assertThat(slice.path("ports"))
        .isEqualTo(json("{'p':[{'port':80,'name':'','protocol':'TCP'}]}").get("p"));
    assertThat(slice.path("metadata").path("generation").asInt()).isEqualTo(1);
    ObjectNode more = slice.deepCopy();
    more.withArray("endpoints").addObject().putArray("addresses").add("127.20.1.3");
    assertThat(SLICES.update(slice, "", more).path("metadata").path("generation").asInt())
        .isEqualTo(2);
    assertThat(SLICES.errors(slice, "", slice.deepCopy().put("addressType", "FQDN")))
        .contains("addressType: Invalid value: \"FQDN\": field is immutable");
    assertThat(SLICES.row(slice.toString(), NOW))
        .containsEntry("AddressType", "IPv4")
        .containsEntry("Ports", "80")
        .containsEntry("Endpoints", "127.20.1.2");
    assertThat(
            SLICES.row(
                "{'endpoints':[{'addresses':['a','b']},{'addresses':['c','d']}],"
                    + "'ports':[{'name':'any'},{}]}",
                NOW))
        .containsEntry("Ports", "any,*")
        .containsEntry("Endpoints", "a,b,c + 1 more...");
    assertThat(SLICES.row("{}", NOW)).containsEntry("Endpoints", "<unset>");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | addressType: Required value",
        "{'addressType':'IPv5'} | addressType: Unsupported value: \"IPv5\": supported values:"
            + " \"FQDN\", \"IPv4\", \"IPv6\"",
        "{'addressType':'IPv4','endpoints':[{}]} | endpoints[0].addresses: Required value: must"
            + " contain at least 1 address",
        "{'addressType':'IPv4','endpoints':[{'addresses':['::1']}]} | endpoints[0].addresses[0]:"
            + " Invalid value: \"::1\": must be an IPv4 address",
        "{'addressType':'IPv4','endpoints':[{'addresses':['127.0.0.1']}]} |"
            + " endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the machine's"
            + " own loopback range (127.0.0.0/24, ::1/128)",
        "{'addressType':'IPv6','endpoints':[{'addresses':['::ffff:127.0.0.1']}]} |"
            + " endpoints[0].addresses[0]: Invalid value: \"::ffff:127.0.0.1\": may not be in the"
            + " machine's own loopback range (127.0.0.0/24, ::1/128)",
        "{'addressType':'IPv4','endpoints':[{'addresses':['0.0.0.0']}]} |"
            + " endpoints[0].addresses[0]: Invalid value: \"0.0.0.0\": may not be unspecified"
            + " (0.0.0.0)",
        "{'addressType':'IPv4','ports':[{'name':'a'},{'name':'a'}]} | ports[1].name: Duplicate"
            + " value: \"a\"",
      })
  void anEndpointSlicesErrorsNameTheField(String slice, String error) {
    assertThat(SLICES.errors(slice)).containsExactly(error);
  }

  @Test
  void endpointsDoNotLeadBackToTheMachineItself() {
    Written endpoints = Written.as(ResourceTable.ENDPOINTS);
    String subsets = "'subsets':[{'addresses':[{'ip':'127.0.0.1'}],'ports':[{'port':10257}]}]";
    assertThat(endpoints.errors("{" + subsets + "}"))
        .containsExactly(
            "subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the machine's"
                + " own loopback range (127.0.0.0/24, ::1/128)");
    assertThat(
            endpoints.errors(
                "{'metadata':{'namespace':'default','name':'kubernetes'}," + subsets + "}"))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | spec: Invalid value: {}: either `defaultBackend` or `rules` must be specified",
        "{'rules':[{'host':'10.0.0.1'}]} | spec.rules[0].host: Invalid value: \"10.0.0.1\": must be"
            + " a DNS name, not an IP address",
        "{'rules':[{'http':{}}]} | spec.rules[0].http.paths: Required value",
        "{'rules':[{'http':{'paths':[{'path':'/','backend':{'service':{'name':'a','port':"
            + "{'number':1}}}}]}}]} | spec.rules[0].http.paths[0].pathType: Required value: pathType"
            + " must be specified",
        "{'rules':[{'http':{'paths':[{'path':'a','pathType':'Exact','backend':{'service':"
            + "{'name':'a','port':{'name':'web'}}}}]}}]} | spec.rules[0].http.paths[0].path: Invalid"
            + " value: \"a\": must be an absolute path",
        "{'defaultBackend':{}} | spec.defaultBackend: Required value: resource or service backend is"
            + " required",
        "{'defaultBackend':{'service':{'name':'a'}}} | spec.defaultBackend.service: Required value:"
            + " port name or number is required",
      })
  void anIngressesErrorsNameTheField(String spec, String error) {
    assertThat(INGRESSES.errors("{'spec':" + spec + "}")).containsExactly(error);
  }

  @Test
  void anIngressIsPrintedWithItsHosts() {
    assertThat(
            INGRESSES.row(
                "{'spec':{'ingressClassName':'c','rules':[{'host':'a'},{'host':'b'}],'tls':[{}]},"
                    + "'status':{'loadBalancer':{'ingress':[{'ip':'10.0.0.1'}]}}}",
                NOW))
        .containsEntry("Class", "c")
        .containsEntry("Hosts", "a,b")
        .containsEntry("Address", "10.0.0.1")
        .containsEntry("Ports", "80, 443");
    assertThat(INGRESSES.row("{}", NOW))
        .containsEntry("Class", "<none>")
        .containsEntry("Hosts", "*")
        .containsEntry("Ports", "80");
  }

  @Test
  void anIngressClassBelongsToOneControllerForEver() {
    ObjectNode made =
        CLASSES.create(
            "{'spec':{'controller':'example.com/a','parameters':{'kind':'K','name':'n',"
                + "'apiGroup':'g'}}}");
    assertThat(made.path("spec").path("parameters").path("scope").asText()).isEqualTo("Cluster");
    assertThat(CLASSES.row(made.toString(), NOW)).containsEntry("Parameters", "K.g/n");
    ObjectNode other = made.deepCopy();
    other.withObject("spec").put("controller", "example.com/b");
    assertThat(CLASSES.errors(made, "", other))
        .containsExactly("spec.controller: Invalid value: \"example.com/b\": field is immutable");
    assertThat(CLASSES.errors("{'spec':{'controller':'a'}}"))
        .containsExactly(
            "spec.controller: Invalid value: \"a\": must be a domain-prefixed path (such as"
                + " \"acme.io/foo\")");
  }

  @Test
  void aNetworkPolicySaysWhatItIsAbout() {
    assertThat(POLICIES.create("{'spec':{'egress':[{}]}}").path("spec"))
        .isEqualTo(json("{'egress':[{}],'podSelector':{},'policyTypes':['Ingress','Egress']}"));
    assertThat(
            POLICIES.row(
                "{'spec':{'podSelector':{'matchLabels':{'b':'1','a':'2'},"
                    + "'matchExpressions':[{'key':'c','operator':'In','values':['y','x']}]}}}",
                NOW))
        .containsEntry("Pod-Selector", "a=2,b=1,c in (x,y)");
    assertThat(POLICIES.row("{}", NOW)).containsEntry("Pod-Selector", "<none>");
    assertThat(
            POLICIES.errors(
                "{'spec':{'podSelector':{'matchExpressions':[{'key':'a','operator':'In'}]},"
                    + "'ingress':[{'from':[{}],'ports':[{'port':90,'endPort':80}]}],"
                    + "'egress':[{'to':[{'ipBlock':{'cidr':'10.0.0.0'},'podSelector':{}}]}]}}"))
        .containsExactly(
            "spec.podSelector.matchExpressions[0].values: Required value: must be specified when"
                + " `operator` is 'In' or 'NotIn'",
            "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to"
                + " `port`",
            "spec.ingress[0].from[0]: Required value: must specify a peer",
            "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR"
                + " value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer");
  }

  @Test
  void aServiceCidrStaysAndAnAddressIsItsOwnName() {
    Written ranges = Written.as(NetworkingResources.SERVICE_CIDRS);
    ObjectNode range = ranges.create("{'spec':{'cidrs':['10.0.0.0/16']}}");
    assertThat(ranges.errors(range, "", json("{'spec':{'cidrs':['10.1.0.0/16']}}"))).hasSize(1);
    var strategy = NetworkingResources.IP_ADDRESSES.strategy();
    assertThat(strategy.validateName("10.0.0.1", false)).isEmpty();
    assertThat(strategy.validateName("ten", false)).hasSize(1);
    assertThat(
            Written.as(NetworkingResources.IP_ADDRESSES)
                .row(
                    "{'spec':{'parentRef':{'resource':'services','namespace':'n','name':'s'}}}",
                    NOW))
        .containsEntry("ParentRef", "services/n/s");
  }
}
