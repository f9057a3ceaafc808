package io.hubspoke.apiserver.authz;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.authz.PodReferences.Kind;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Allows kubelets what they need and no more: a node reads the secrets, configmaps, claims and
 * volumes of pods bound to it, its own Node, lease and pods ("Using Node Authorization"). What
 * depends on an object's content is left to NodeRestriction.
 */
public final class NodeAuthorizer implements Authorizer {
  private static final Set<String> READ = Set.of("get", "list", "watch");
  private static final Set<String> OWN = Set.of("get", "create", "update", "patch", "delete");
  private static final String LEASE_NAMESPACE = "kube-node-lease";

  private final NodeGraph graph = new NodeGraph();
  private final List<PolicyRule> rules;

  /**
   * The types whose objects tell what belongs to a node.
   *
   * @param volumes persistent volumes, empty where they are not served
   * @param attachments volume attachments, empty where they are not served
   */
  public record Types(
      ResourceType pods, Optional<ResourceType> volumes, Optional<ResourceType> attachments) {}

  /**
   * Follows pods and volumes.
   *
   * @param rules what every node may do, of resources that are not divided by node
   */
  public NodeAuthorizer(Lister lister, Types types, List<PolicyRule> rules) {
    this.rules = List.copyOf(rules);
    lister.follow(types.pods, graph::pod);
    types.volumes.ifPresent(
        type -> lister.follow(type, (namespace, name, volume) -> graph.volume(name, volume)));
    types.attachments.ifPresent(
        type ->
            lister.follow(
                type, (namespace, name, attachment) -> graph.attachment(name, attachment)));
  }

  @Override
  public Decision authorize(Attributes asked) {
    String node = NodeIdentity.of(asked.user());
    if (node == null) {
      return Decision.noOpinion();
    }
    if (node.isEmpty()) {
      return none("unknown node for user \"" + asked.user().name() + "\"");
    }
    String resource =
        asked.group().isEmpty() ? asked.resource() : asked.resource() + "." + asked.group();
    return switch (asked.resourceRequest() ? resource : "") {
      case "secrets" -> readOfPod(node, asked, Kind.SECRET);
      case "configmaps" -> readOfPod(node, asked, Kind.CONFIG_MAP);
      case "persistentvolumeclaims" -> claim(node, asked);
      case "persistentvolumes" ->
          getOnly(asked, () -> graph.hasVolume(node, asked.name()), unrelated(node));
      case "volumeattachments.storage.k8s.io" ->
          getOnly(asked, () -> graph.hasAttachment(node, asked.name()), unrelated(node));
      case "serviceaccounts" -> serviceAccountToken(node, asked);
      case "leases.coordination.k8s.io" -> lease(node, asked);
      case "csinodes.storage.k8s.io" -> csiNode(node, asked);
      case "nodes" -> node(node, asked);
      case "pods" -> pod(node, asked);
      default -> byRules(asked);
    };
  }

  @Override
  public Rules rulesFor(User user, String namespace) {
    return NodeIdentity.of(user) == null
        ? new Rules(List.of(), "")
        : new Rules(List.of(), "node authorizer does not support user rule resolution");
  }

  private Decision byRules(Attributes asked) {
    return rules.stream().anyMatch(rule -> rule.allows(asked))
        ? new Decision.Allow("")
        : Decision.noOpinion();
  }

  private Decision readOfPod(String node, Attributes asked, Kind kind) {
    if (!READ.contains(asked.verb())) {
      return none("can only read resources of this type");
    }
    if (!asked.subresource().isEmpty()) {
      return none("cannot read subresource");
    }
    if (asked.namespace().isEmpty()) {
      return none("can only read namespaced object of this type");
    }
    return named(asked, () -> refers(node, kind, asked), unrelated(node));
  }

  private Decision claim(String node, Attributes asked) {
    if (!asked.subresource().equals("status")) {
      return getOnly(asked, () -> refers(node, Kind.CLAIM, asked), unrelated(node));
    }
    if (!asked.verb().equals("update") && !asked.verb().equals("patch")) {
      return none("can only get/update/patch this type");
    }
    return named(asked, () -> refers(node, Kind.CLAIM, asked), unrelated(node));
  }

  private static Decision getOnly(Attributes asked, BooleanSupplier related, String otherwise) {
    if (!asked.verb().equals("get")) {
      return none("can only get individual resources of this type");
    }
    if (!asked.subresource().isEmpty()) {
      return none("cannot get subresource");
    }
    return named(asked, related, otherwise);
  }

  private Decision serviceAccountToken(String node, Attributes asked) {
    if (!asked.verb().equals("create") || asked.name().isEmpty()) {
      return none("can only create tokens for individual service accounts");
    }
    if (!asked.subresource().equals("token")) {
      return none("can only create token subresource of serviceaccount");
    }
    return named(asked, () -> refers(node, Kind.SERVICE_ACCOUNT, asked), unrelated(node));
  }

  private boolean refers(String node, Kind kind, Attributes asked) {
    return graph.refers(node, kind, asked.namespace(), asked.name());
  }

  private static Decision named(Attributes asked, BooleanSupplier related, String otherwise) {
    if (asked.name().isEmpty()) {
      return none("No Object name found");
    }
    return related.getAsBoolean() ? new Decision.Allow("") : none(otherwise);
  }

  private static String unrelated(String node) {
    return "no relationship found between node '" + node + "' and this object";
  }

  private static Decision lease(String node, Attributes asked) {
    if (!OWN.contains(asked.verb())) {
      return none("can only get, create, update, patch, or delete a node lease");
    }
    if (!asked.namespace().equals(LEASE_NAMESPACE)) {
      return none("can only access leases in the \"" + LEASE_NAMESPACE + "\" system namespace");
    }
    if (!asked.verb().equals("create") && !asked.name().equals(node)) {
      return none("can only access node lease with the same name as the requesting node");
    }
    return new Decision.Allow("");
  }

  private static Decision csiNode(String node, Attributes asked) {
    if (!OWN.contains(asked.verb())) {
      return none("can only get, create, update, patch, or delete a CSINode");
    }
    if (!asked.subresource().isEmpty()) {
      return none("cannot authorize CSINode subresources");
    }
    if (!asked.verb().equals("create") && !asked.name().equals(node)) {
      return none("can only access CSINode with the same name as the requesting node");
    }
    return new Decision.Allow("");
  }

  private static Decision node(String node, Attributes asked) {
    return switch (asked.subresource()) {
      case "" ->
          switch (asked.verb()) {
            case "create", "update", "patch" -> new Decision.Allow("");
            case "get", "list", "watch" -> {
              if (asked.name().equals(node)) {
                yield new Decision.Allow("");
              }
              yield none(
                  asked.name().isEmpty()
                      ? "node '%s' cannot read all nodes, only its own Node object".formatted(node)
                      : "node '%s' cannot read '%s', only its own Node object"
                          .formatted(node, asked.name()));
            }
            default -> Decision.noOpinion();
          };
      case "status" ->
          asked.verb().equals("update") || asked.verb().equals("patch")
              ? new Decision.Allow("")
              : Decision.noOpinion();
      default -> Decision.noOpinion();
    };
  }

  private Decision pod(String node, Attributes asked) {
    return switch (asked.subresource()) {
      case "" ->
          switch (asked.verb()) {
            case "create", "delete" -> new Decision.Allow("");
            case "list", "watch" ->
                asked.fields().equal("spec.nodeName").equals(node)
                    ? new Decision.Allow("")
                    : asked.name().isEmpty()
                        ? none("can only list/watch pods with spec.nodeName field selector")
                        : ownPod(node, asked);
            case "get" -> ownPod(node, asked);
            default -> Decision.noOpinion();
          };
      case "status" ->
          asked.verb().equals("update") || asked.verb().equals("patch")
              ? new Decision.Allow("")
              : Decision.noOpinion();
      case "eviction" ->
          asked.verb().equals("create") ? new Decision.Allow("") : Decision.noOpinion();
      default -> Decision.noOpinion();
    };
  }

  private Decision ownPod(String node, Attributes asked) {
    return named(asked, () -> graph.runs(node, asked.namespace(), asked.name()), unrelated(node));
  }

  private static Decision none(String reason) {
    return new Decision.NoOpinion(reason);
  }
}
