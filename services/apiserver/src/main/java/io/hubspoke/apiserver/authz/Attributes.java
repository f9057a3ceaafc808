package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.User;

/**
 * What an authorizer is asked: may this user do this?
 *
 * @param path set for non-resource requests only
 */
public record Attributes(
    User user,
    String verb,
    boolean resourceRequest,
    String group,
    String version,
    String resource,
    String subresource,
    String namespace,
    String name,
    String path,
    FieldTerms fields) {

  /** Describes a request on the wire. */
  public static Attributes of(User user, RequestInfo info, String fieldSelector) {
    return new Attributes(
        user,
        info.verb(),
        info.resourceRequest(),
        info.group(),
        info.version(),
        info.resource(),
        info.subresource(),
        info.namespace(),
        info.name(),
        info.resourceRequest() ? "" : info.path(),
        FieldTerms.of(fieldSelector));
  }

  /** Returns the same but for the verb. */
  public Attributes withVerb(String other) {
    return new Attributes(
        user,
        other,
        resourceRequest,
        group,
        version,
        resource,
        subresource,
        namespace,
        name,
        path,
        fields);
  }

  /** Returns the resource as rules name it, such as {@code pods} or {@code pods/log}. */
  public String combinedResource() {
    return subresource.isEmpty() ? resource : resource + "/" + subresource;
  }

  /** Returns the sentence of a 403, as Kubernetes words it. */
  public String refusal(String reason) {
    StringBuilder text = new StringBuilder("User \"").append(user.name()).append("\" cannot ");
    if (resourceRequest) {
      text.append(verb).append(" resource \"").append(combinedResource());
      text.append("\" in API group \"").append(group).append('"');
      if (namespace.isEmpty()) {
        text.append(" at the cluster scope");
      } else {
        text.append(" in the namespace \"").append(namespace).append('"');
      }
    } else {
      text.append(verb).append(" path \"").append(path).append('"');
    }
    return reason.isEmpty() ? text.toString() : text.append(": ").append(reason).toString();
  }
}
