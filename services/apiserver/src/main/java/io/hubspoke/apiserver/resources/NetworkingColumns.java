package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Columns.orNone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The tables of networking and discovery. */
final class NetworkingColumns {
  private static final int SHOWN = 3;

  private NetworkingColumns() {}

  static TableColumns endpointSlices() {
    return ColumnList.named()
        .text("AddressType", "What its addresses are.", o -> o.path("addressType").asText(""))
        .text("Ports", "Ports of every address.", o -> someOf(ports(o)))
        .text("Endpoints", "Its addresses.", o -> someOf(addresses(o)))
        .age();
  }

  static TableColumns ingresses() {
    return ColumnList.named()
        .text("Class", "Which class of controller it is for.", NetworkingColumns::ingressClass)
        .text("Hosts", "Hosts whose requests it takes.", NetworkingColumns::hosts)
        .text("Address", "Where it can be reached.", NetworkingColumns::ingressAddress)
        .text(
            "Ports",
            "Ports that it opens.",
            o -> o.path("spec").path("tls").isEmpty() ? "80" : "80, 443")
        .age();
  }

  static TableColumns ingressClasses() {
    return ColumnList.named()
        .text(
            "Controller",
            "Which controller serves it.",
            o -> o.path("spec").path("controller").asText(""))
        .text("Parameters", "What configures the controller.", NetworkingColumns::parameters)
        .age();
  }

  static TableColumns networkPolicies() {
    return ColumnList.named()
        .text(
            "Pod-Selector",
            "Which pods it is about.",
            o -> Columns.orNone(SelectorText.of(o.path("spec").path("podSelector"))))
        .age();
  }

  static TableColumns serviceCidrs() {
    return ColumnList.named()
        .text("CIDRs", "Ranges of addresses.", o -> joined(o.path("spec").path("cidrs")))
        .age();
  }

  static TableColumns ipAddresses() {
    return ColumnList.named().text("ParentRef", "Whose address it is.", NetworkingColumns::parent);
  }

  private static List<String> ports(ObjectNode slice) {
    List<String> all = new ArrayList<>();
    for (JsonNode port : slice.path("ports")) {
      all.add(port.has("port") ? port.get("port").asText() : port.path("name").asText("*"));
    }
    return all;
  }

  private static List<String> addresses(ObjectNode slice) {
    List<String> all = new ArrayList<>();
    for (JsonNode endpoint : slice.path("endpoints")) {
      endpoint.path("addresses").forEach(address -> all.add(address.asText()));
    }
    return all;
  }

  private static String someOf(List<String> all) {
    if (all.isEmpty()) {
      return "<unset>";
    }
    return all.size() <= SHOWN
        ? String.join(",", all)
        : String.join(",", all.subList(0, SHOWN)) + " + " + (all.size() - SHOWN) + " more...";
  }

  private static String ingressClass(ObjectNode ingress) {
    return orNone(ingress.path("spec").path("ingressClassName").asText(""));
  }

  private static String hosts(ObjectNode ingress) {
    List<String> all = new ArrayList<>();
    JsonNode rules = ingress.path("spec").path("rules");
    for (JsonNode rule : rules) {
      String host = rule.path("host").asText("");
      if (!host.isEmpty()) {
        all.add(host);
      }
    }
    if (all.isEmpty()) {
      return "*";
    }
    return all.size() <= SHOWN
        ? String.join(",", all)
        : String.join(",", all.subList(0, SHOWN)) + " + " + (rules.size() - SHOWN) + " more...";
  }

  private static String ingressAddress(ObjectNode ingress) {
    TreeSet<String> all = new TreeSet<>();
    for (JsonNode point : ingress.path("status").path("loadBalancer").path("ingress")) {
      String ip = point.path("ip").asText("");
      all.add(ip.isEmpty() ? point.path("hostname").asText("") : ip);
    }
    all.remove("");
    return String.join(",", all);
  }

  private static String parameters(ObjectNode ingressClass) {
    JsonNode parameters = ingressClass.path("spec").path("parameters");
    if (!parameters.isObject()) {
      return "<none>";
    }
    String group = parameters.path("apiGroup").asText("");
    return parameters.path("kind").asText("")
        + (group.isEmpty() ? "" : "." + group)
        + "/"
        + parameters.path("name").asText("");
  }

  private static String parent(ObjectNode address) {
    JsonNode parent = address.path("spec").path("parentRef");
    List<String> parts = new ArrayList<>();
    for (String field : List.of("group", "resource", "namespace", "name")) {
      String part = parent.path(field).asText("");
      if (!part.isEmpty()) {
        parts.add(part);
      }
    }
    return orNone(String.join("/", parts));
  }

  private static String joined(JsonNode texts) {
    List<String> all = new ArrayList<>();
    texts.forEach(text -> all.add(text.asText()));
    return String.join(",", all);
  }
}
