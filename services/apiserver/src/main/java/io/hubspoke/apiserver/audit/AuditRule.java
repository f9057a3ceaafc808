package io.hubspoke.apiserver.audit;

import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.User;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which requests are recorded how (audit.k8s.io/v1, {@code PolicyRule}); an empty list matches all.
 *
 * @param omitManagedFields empty for what the policy says
 */
record AuditRule(
    AuditLevel level,
    List<String> users,
    List<String> userGroups,
    List<String> verbs,
    List<Resources> resources,
    List<String> namespaces,
    List<String> nonResourceUrls,
    Set<AuditStage> omitStages,
    Optional<Boolean> omitManagedFields) {

  /** Resources of a group; no names at all are all of the group. */
  record Resources(String group, List<String> resources, List<String> names) {
    boolean match(RequestInfo info) {
      if (!group.equals(info.group())) {
        return false;
      }
      return resources.isEmpty()
          || ((names.isEmpty() || names.contains(info.name()))
              && resources.stream().anyMatch(resource -> matches(resource, info)));
    }

    private static boolean matches(String resource, RequestInfo info) {
      if (resource.equals("*")) {
        return true;
      }
      String subresource = info.subresource();
      if (subresource.isEmpty()) {
        return resource.equals(info.resource()) || resource.equals(info.resource() + "/*");
      }
      return resource.equals(info.resource() + "/" + subresource)
          || resource.equals("*/" + subresource)
          || resource.equals(info.resource() + "/*");
    }
  }

  boolean matches(User user, RequestInfo info) {
    if (!users.isEmpty() && (user == null || !users.contains(user.name()))) {
      return false;
    }
    if (!userGroups.isEmpty()
        && (user == null || Collections.disjoint(userGroups, user.groups()))) {
      return false;
    }
    if (!verbs.isEmpty() && !verbs.contains(info.verb())) {
      return false;
    }
    if (!namespaces.isEmpty() || !resources.isEmpty()) {
      return info.resourceRequest()
          // What is in no namespace is matched by the empty one.
          && (namespaces.isEmpty() || namespaces.contains(info.namespace()))
          && (resources.isEmpty() || resources.stream().anyMatch(r -> r.match(info)));
    }
    return nonResourceUrls.isEmpty()
        || (!info.resourceRequest()
            && nonResourceUrls.stream().anyMatch(url -> matchesPath(url, info.path())));
  }

  private static boolean matchesPath(String url, String path) {
    return url.endsWith("*")
        ? path.startsWith(url.substring(0, url.length() - 1))
        : path.equals(url);
  }
}
