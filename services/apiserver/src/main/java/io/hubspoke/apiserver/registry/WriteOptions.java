package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.Requester;
import java.util.List;

/**
 * Who writes, and whether it is only tried.
 *
 * @param dryRun whether everything but the storing is done
 */
public record WriteOptions(User user, boolean dryRun) {

  /**
   * Reads {@code dryRun} values.
   *
   * @param kind such as {@code CreateOptions}
   * @throws io.hubspoke.api.ApiException 422 for anything but {@code All}
   */
  static boolean dryRun(List<String> values, String kind) {
    for (String value : values) {
      if (!value.equals("All")) {
        throw invalid(
                kind,
                "FieldValueNotSupported",
                "dryRun",
                "Unsupported value: \"" + value + "\": supported values: \"All\"")
            .toException();
      }
    }
    return !values.isEmpty();
  }

  /** Answers options that can't be, in the words for any invalid object. */
  static Status invalid(String kind, String reason, String field, String message) {
    return new Status(
        422,
        "Invalid",
        kind + ".meta.k8s.io \"\" is invalid: " + field + ": " + message,
        new Status.Details(
            "", "meta.k8s.io", kind, "", List.of(new Cause(reason, message, field)), 0));
  }

  Requester requester() {
    return new Requester(user.name(), user.uid(), user.groups(), user.extra());
  }
}
