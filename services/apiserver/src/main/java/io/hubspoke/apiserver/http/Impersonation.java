package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Locale;

/**
 * Refuses requests in somebody else's name ({@code kubectl --as}): they are not served yet, and
 * must not be taken for requests in the caller's own.
 */
final class Impersonation {
  private static final String PREFIX = "impersonate-";

  private Impersonation() {}

  /**
   * Returns when the request is in the caller's own name.
   *
   * @throws io.hubspoke.api.ApiException 403 when it is not
   */
  static void refuse(MultiMap headers, User caller) {
    for (String header : headers.names()) {
      String name = header.toLowerCase(Locale.ROOT);
      if (name.startsWith(PREFIX)) {
        String resource =
            switch (name.substring(PREFIX.length())) {
              case "user" -> "users";
              case "group" -> "groups";
              case "uid" -> "uids";
              default -> "userextras";
            };
        String whom = headers.get(header);
        throw new Status(
                403,
                "Forbidden",
                resource
                    + " \""
                    + whom
                    + "\" is forbidden: User \""
                    + caller.name()
                    + "\" cannot impersonate resource \""
                    + resource
                    + "\": this server does not serve impersonation",
                new Status.Details(whom, "", resource, "", List.of(), 0))
            .toException();
      }
    }
  }
}
