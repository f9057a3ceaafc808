package io.hubspoke.apiserver.http;

import io.hubspoke.api.Names;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.Decision;
import io.vertx.core.MultiMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Lets a request that asks for it ({@code kubectl --as}) go on in somebody else's name, when its
 * caller may {@code impersonate} every part of that identity ("Authenticating", heading "User
 * impersonation").
 */
final class Impersonation {
  private static final String USER = "Impersonate-User";
  private static final String GROUP = "Impersonate-Group";
  private static final String UID = "Impersonate-Uid";
  private static final String EXTRA = "impersonate-extra-";
  private static final String SERVICE_ACCOUNT = "system:serviceaccount:";
  private static final String AUTHENTICATION_GROUP = "authentication.k8s.io";

  private final Authorizer authorizer;

  Impersonation(Authorizer authorizer) {
    this.authorizer = authorizer;
  }

  /**
   * Returns in whose name the request goes on, and takes the headers that say so out of it.
   *
   * @throws io.hubspoke.api.ApiException 400 when the headers name no user, 403 when the caller may
   *     not take the name
   */
  User effective(MultiMap headers, User caller) {
    String name = one(headers, USER);
    String uid = one(headers, UID);
    List<String> groups = headers.getAll(GROUP);
    Map<String, List<String>> extra = ExtraHeaders.read(headers, List.of(EXTRA));
    if (name == null || name.isEmpty()) {
      if (uid != null || !groups.isEmpty() || !extra.isEmpty()) {
        throw Status.badRequest("requested impersonation of groups, a UID or extra without a user")
            .toException();
      }
      return caller;
    }
    List<String> all = new ArrayList<>(groups);
    String[] account = serviceAccount(name);
    if (account == null) {
      check(caller, "", "users", "", "", name);
    } else {
      check(caller, "", "serviceaccounts", "", account[0], account[1]);
      if (groups.isEmpty()) {
        all.add("system:serviceaccounts");
        all.add("system:serviceaccounts:" + account[0]);
      }
    }
    groups.forEach(group -> check(caller, "", "groups", "", "", group));
    extra.forEach(
        (key, values) ->
            values.forEach(
                value -> check(caller, AUTHENTICATION_GROUP, "userextras", key, "", value)));
    if (uid != null && !uid.isEmpty()) {
      check(caller, AUTHENTICATION_GROUP, "uids", "", "", uid);
    }
    remove(headers, extra);
    addStanding(name, all);
    return new User(name, uid == null ? "" : uid, all, extra);
  }

  /** Of two names, one would be checked and the other might be believed. */
  private static String one(MultiMap headers, String name) {
    List<String> values = headers.getAll(name);
    if (values.size() > 1) {
      throw Status.badRequest("more than one header " + name).toException();
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  private void check(
      User caller, String group, String resource, String subresource, String namespace, String of) {
    Attributes asked =
        new Attributes(
            caller,
            "impersonate",
            true,
            group,
            "v1",
            resource,
            subresource,
            namespace,
            of,
            "",
            FieldTerms.of(null));
    Decision decision = authorizer.authorize(asked);
    if (!decision.allowed()) {
      throw Forbidden.status(asked, decision.reason()).toException();
    }
  }

  /** Whoever is not anonymous is authenticated, whatever groups are asked for. */
  private static void addStanding(String name, List<String> groups) {
    if (groups.contains("system:authenticated") || groups.contains("system:unauthenticated")) {
      return;
    }
    groups.add(
        name.equals(User.ANONYMOUS.name()) ? "system:unauthenticated" : "system:authenticated");
  }

  /** Returns namespace and name of a service account's user name, null for other names. */
  private static String[] serviceAccount(String user) {
    if (!user.startsWith(SERVICE_ACCOUNT)) {
      return null;
    }
    String[] parts = user.substring(SERVICE_ACCOUNT.length()).split(":", -1);
    boolean valid =
        parts.length == 2
            && Names.dns1123Label(parts[0]).isEmpty()
            && Names.dns1123Subdomain(parts[1]).isEmpty();
    return valid ? parts : null;
  }

  private static void remove(MultiMap headers, Map<String, List<String>> extra) {
    headers.remove(USER).remove(GROUP).remove(UID);
    if (!extra.isEmpty()) {
      List.copyOf(headers.names()).stream()
          .filter(header -> header.toLowerCase(Locale.ROOT).startsWith(EXTRA))
          .forEach(headers::remove);
    }
  }
}
