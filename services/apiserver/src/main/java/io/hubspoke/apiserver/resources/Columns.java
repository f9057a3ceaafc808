package io.hubspoke.apiserver.resources;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/** The tables of the kinds that need few words; pods and nodes have their own. */
final class Columns {
  private static final String NONE = "<none>";

  private Columns() {}

  static TableColumns namespaces() {
    return ColumnList.named()
        .text("Status", "Phase of the namespace.", o -> o.path("status").path("phase").asText(""))
        .age();
  }

  static TableColumns configMaps() {
    return ColumnList.named()
        .number(
            "Data",
            "How many keys it has.",
            0,
            o -> o.path("data").size() + o.path("binaryData").size())
        .age();
  }

  static TableColumns secrets() {
    return ColumnList.named()
        .text("Type", "What the data is for.", o -> o.path("type").asText(""))
        .number("Data", "How many keys it has.", 0, o -> o.path("data").size())
        .age();
  }

  static TableColumns serviceAccounts() {
    return ColumnList.named()
        .number("Secrets", "How many secrets it may use.", 0, o -> o.path("secrets").size())
        .age();
  }

  static TableColumns leases() {
    return ColumnList.named()
        .text(
            "Holder", "Who holds the lease.", o -> o.path("spec").path("holderIdentity").asText(""))
        .age();
  }

  static TableColumns services() {
    return ColumnList.named()
        .text("Type", "How the service is exposed.", o -> o.path("spec").path("type").asText(""))
        .text(
            "Cluster-IP",
            "Its virtual IP address.",
            o -> orNone(o.path("spec").path("clusterIP").asText("")))
        .text("External-IP", "Addresses outside the cluster.", Columns::externalAddress)
        .text("Port(s)", "Its ports.", Columns::servicePorts)
        .age()
        .wide("Selector", "Which pods it sends to.", o -> labels(o.path("spec").path("selector")));
  }

  static TableColumns endpoints() {
    return ColumnList.named()
        .text("Endpoints", "Addresses that are ready.", Columns::addresses)
        .age();
  }

  static TableColumns roles() {
    return ColumnList.named()
        .text("Created At", "When it was created.", o -> Meta.text(o, "creationTimestamp"));
  }

  static TableColumns roleBindings() {
    return ColumnList.named()
        .text(
            "Role",
            "What the subjects are given.",
            o ->
                o.path("roleRef").path("kind").asText()
                    + "/"
                    + o.path("roleRef").path("name").asText())
        .age()
        .wide("Users", "Users among the subjects.", o -> subjects(o, "User"))
        .wide("Groups", "Groups among the subjects.", o -> subjects(o, "Group"))
        .wide(
            "ServiceAccounts",
            "Service accounts among the subjects.",
            o -> subjects(o, "ServiceAccount"));
  }

  static TableColumns certificateSigningRequests() {
    return ColumnList.named()
        .age()
        .text(
            "SignerName",
            "Who is asked to sign.",
            o -> o.path("spec").path("signerName").asText(NONE))
        .text("Requestor", "Who asks.", o -> o.path("spec").path("username").asText(""))
        .text(
            "RequestedDuration",
            "How long the certificate shall be valid.",
            Columns::requestedDuration)
        .text("Condition", "What became of it.", Columns::decision);
  }

  static TableColumns events() {
    return new ColumnList()
        .text("Last Seen", "When it was last seen.", 0, EventTimes::lastSeen)
        .text("Type", "Normal or Warning.", o -> o.path("type").asText(""))
        .text("Reason", "Why it happened, for machines.", o -> o.path("reason").asText(""))
        .text(
            "Object",
            "What it is about.",
            o ->
                o.path("involvedObject").path("kind").asText().toLowerCase(Locale.ROOT)
                    + "/"
                    + o.path("involvedObject").path("name").asText())
        .wide(
            "Subobject",
            "Which part of the object.",
            o -> o.path("involvedObject").path("fieldPath").asText(""))
        .wide("Source", "Who reports it.", Columns::source)
        .text("Message", "What happened.", o -> o.path("message").asText("").strip())
        .text("First Seen", "When it was first seen.", 1, EventTimes::firstSeen)
        .number(
            "Count",
            "How often it was seen.",
            1,
            o ->
                Math.max(
                    1, Math.max(o.path("count").asInt(), o.path("series").path("count").asInt())))
        .wide("Name", "Name of the event.", Meta::name);
  }

  private static String source(ObjectNode event) {
    String component = event.path("source").path("component").asText("");
    if (component.isEmpty()) {
      component = event.path("reportingComponent").asText("");
    }
    String host = event.path("source").path("host").asText("");
    if (host.isEmpty()) {
      host = event.path("reportingInstance").asText("");
    }
    return host.isEmpty() ? component : component + ", " + host;
  }

  private static String externalAddress(ObjectNode service) {
    JsonNode spec = service.path("spec");
    List<String> all = new ArrayList<>();
    for (JsonNode ingress : service.path("status").path("loadBalancer").path("ingress")) {
      all.add(ingress.path("ip").asText(ingress.path("hostname").asText("")));
    }
    spec.path("externalIPs").forEach(ip -> all.add(ip.asText()));
    return switch (spec.path("type").asText("")) {
      case "ExternalName" -> spec.path("externalName").asText("");
      case "LoadBalancer" -> all.isEmpty() ? "<pending>" : String.join(",", all);
      default -> orNone(String.join(",", all));
    };
  }

  private static String servicePorts(ObjectNode service) {
    List<String> all = new ArrayList<>();
    for (JsonNode port : service.path("spec").path("ports")) {
      int nodePort = port.path("nodePort").asInt();
      all.add(
          port.path("port").asInt()
              + (nodePort > 0 ? ":" + nodePort : "")
              + "/"
              + port.path("protocol").asText("TCP"));
    }
    return orNone(String.join(",", all));
  }

  private static String addresses(ObjectNode endpoints) {
    List<String> all = new ArrayList<>();
    for (JsonNode subset : endpoints.path("subsets")) {
      for (JsonNode address : subset.path("addresses")) {
        String ip = address.path("ip").asText();
        if (subset.path("ports").isEmpty()) {
          all.add(ip);
        }
        subset.path("ports").forEach(p -> all.add(ip + ":" + p.path("port").asInt()));
      }
    }
    int shown = Math.min(3, all.size());
    String more = all.size() > shown ? " + " + (all.size() - shown) + " more..." : "";
    return orNone(String.join(",", all.subList(0, shown)) + more);
  }

  private static String subjects(ObjectNode binding, String kind) {
    return StreamSupport.stream(binding.path("subjects").spliterator(), false)
        .filter(s -> s.path("kind").asText().equals(kind))
        .map(
            s ->
                kind.equals("ServiceAccount")
                    ? s.path("namespace").asText() + "/" + s.path("name").asText()
                    : s.path("name").asText())
        .collect(joining(", "));
  }

  private static String requestedDuration(ObjectNode csr) {
    JsonNode seconds = csr.path("spec").path("expirationSeconds");
    return seconds.isMissingNode() ? NONE : Age.human(Duration.ofSeconds(seconds.asLong()));
  }

  private static String decision(ObjectNode csr) {
    String decision = "Pending";
    String failed = "";
    for (JsonNode condition : csr.path("status").path("conditions")) {
      switch (condition.path("type").asText("")) {
        case "Denied" -> decision = "Denied";
        case "Approved" -> decision = decision.equals("Denied") ? decision : "Approved";
        case "Failed" -> failed = ",Failed";
        default -> {}
      }
    }
    boolean issued = !csr.path("status").path("certificate").asText("").isEmpty();
    return decision + failed + (issued ? ",Issued" : "");
  }

  static String labels(JsonNode labels) {
    return orNone(
        labels.properties().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(e -> e.getKey() + "=" + e.getValue().asText())
            .collect(joining(",")));
  }

  static String orNone(String text) {
    return text.isEmpty() ? NONE : text;
  }
}
