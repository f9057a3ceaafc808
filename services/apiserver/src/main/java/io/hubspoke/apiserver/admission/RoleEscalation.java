package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.PolicyRule;
import io.hubspoke.apiserver.authz.RuleCoverage;
import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.List;

/**
 * Lets nobody grant by a role or a binding what he may not do himself, unless he has the verb
 * {@code escalate} on the role or {@code bind} on the role that is bound ("Privilege escalation
 * prevention and bootstrapping"). Always on, as it is part of the real registry.
 */
public final class RoleEscalation implements Admission {
  private static final String GROUP = "rbac.authorization.k8s.io";
  private static final List<String> ALL = List.of("*");
  private static final List<PolicyRule> EVERYTHING =
      List.of(
          new PolicyRule(ALL, ALL, ALL, List.of(), List.of()),
          new PolicyRule(ALL, List.of(), List.of(), List.of(), ALL));

  private final Authorizer authorizer;
  private final Lister lister;

  public RoleEscalation(Authorizer authorizer, Lister lister) {
    this.authorizer = authorizer;
    this.lister = lister;
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (!request.type().group().equals(GROUP)
        || request.operation() == AdmissionRequest.Operation.DELETE
        || grantsNothingNew(request)) {
      return;
    }
    switch (request.type().plural()) {
      case "roles", "clusterroles" -> role(request);
      case "rolebindings", "clusterrolebindings" -> binding(request);
      default -> {}
    }
  }

  private void role(AdmissionRequest request) {
    if (may(request, "escalate", request.type().plural(), nameInPath(request))) {
      return;
    }
    // What a role aggregates is not known yet, so whoever writes such a role must hold everything.
    boolean aggregates =
        isAggregating(request.object()) || (request.old() != null && isAggregating(request.old()));
    requireHeld(request, aggregates ? EVERYTHING : PolicyRule.listOf(request.object()));
  }

  private void binding(AdmissionRequest request) {
    JsonNode ref = request.object().path("roleRef");
    String name = ref.path("name").asText("");
    Resource roles =
        switch (ref.path("kind").asText("")) {
          case "ClusterRole" -> ResourceTable.CLUSTER_ROLES;
          case "Role" -> ResourceTable.ROLES;
          default -> null;
        };
    // What is not a reference to a role, validation refuses in a moment.
    if (roles == null
        || name.isEmpty()
        || (roles.type().namespaced() && request.namespace().isEmpty())
        || may(request, "bind", roles.type().plural(), name)) {
      return;
    }
    String namespace = roles.type().namespaced() ? request.namespace() : "";
    ObjectNode role = lister.need(roles.type(), namespace, name);
    requireHeld(request, PolicyRule.listOf(role));
  }

  private void requireHeld(AdmissionRequest request, List<PolicyRule> granted) {
    User user = request.user();
    List<PolicyRule> held = authorizer.rulesFor(user, request.namespace()).rules();
    if (RuleCoverage.isTooMuch(held, granted)) {
      throw Status.forbidden(
              request.type(),
              Meta.name(request.object()),
              "its rules have more than %d combinations of verb, group, resource and name, too many"
                      .formatted(RuleCoverage.MOST_PARTS)
                  + " to compare with what user \"%s\" holds".formatted(user.name()))
          .toException();
    }
    List<String> missing = RuleCoverage.missing(held, granted);
    if (missing.isEmpty()) {
      return;
    }
    String groups = String.join(" ", user.groups().stream().map(g -> '"' + g + '"').toList());
    throw Status.forbidden(
            request.type(),
            Meta.name(request.object()),
            "user \"%s\" (groups=[%s]) is attempting to grant RBAC permissions not currently held:\n%s"
                .formatted(user.name(), groups, String.join("\n", missing)))
        .toException();
  }

  private boolean may(AdmissionRequest request, String verb, String resource, String name) {
    return authorizer
        .authorize(
            new Attributes(
                request.user(),
                verb,
                true,
                GROUP,
                "v1",
                resource,
                "",
                request.namespace(),
                name,
                "",
                FieldTerms.of("")))
        .allowed();
  }

  /** A creation's path names no object, so a permission on single roles doesn't cover it. */
  private static String nameInPath(AdmissionRequest request) {
    return request.operation() == AdmissionRequest.Operation.CREATE ? "" : request.name();
  }

  private static boolean isAggregating(ObjectNode role) {
    return !role.path("aggregationRule").path("clusterRoleSelectors").isEmpty();
  }

  /** Returns whether nothing but what the garbage collector writes has changed. */
  private static boolean grantsNothingNew(AdmissionRequest request) {
    return request.old() != null && compared(request.object()).equals(compared(request.old()));
  }

  private static ObjectNode compared(ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    Meta.of(copy)
        .remove(List.of("finalizers", "ownerReferences", "managedFields", "resourceVersion"));
    return copy;
  }
}
