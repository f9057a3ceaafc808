package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import java.util.List;

/** Words the 403 of a request that authorizers refused. */
public final class Forbidden {
  private Forbidden() {}

  /** Returns the status, with the sentence that Kubernetes has for it. */
  public static Status status(Attributes asked, String reason) {
    String refusal = asked.refusal(reason);
    if (!asked.resourceRequest()) {
      return new Status(403, "Forbidden", "forbidden: " + refusal, details(asked));
    }
    String resource =
        asked.group().isEmpty() ? asked.resource() : asked.resource() + "." + asked.group();
    String named = asked.name().isEmpty() ? "" : " \"" + asked.name() + "\"";
    return new Status(
        403, "Forbidden", resource + named + " is forbidden: " + refusal, details(asked));
  }

  private static Status.Details details(Attributes asked) {
    return new Status.Details(asked.name(), asked.group(), asked.resource(), "", List.of(), 0);
  }
}
