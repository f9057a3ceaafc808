package io.hubspoke.apiserver.registry;

import static java.util.stream.Collectors.joining;

import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.Requester;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who writes, and whether it is only tried.
 *
 * @param dryRun whether everything but the storing is done
 * @param validation what is done about fields that the kind doesn't have
 * @param origin the request that it is part of
 */
public record WriteOptions(User user, boolean dryRun, FieldValidation validation, Origin origin) {
  private static final User SERVER =
      new User("system:apiserver", "", List.of("system:masters"), Map.of());

  /** Returns options without a request, of whose writes no webhook hears. */
  public WriteOptions(User user, boolean dryRun) {
    this(user, dryRun, FieldValidation.ignore(), Origin.SERVER);
  }

  /** Returns options for what the server itself writes on the way to what somebody asked for. */
  static WriteOptions byServer(boolean dryRun) {
    return new WriteOptions(SERVER, dryRun);
  }

  /**
   * Reads {@code dryRun} values.
   *
   * @param kind such as {@code CreateOptions}
   * @throws io.hubspoke.api.ApiException 422 for anything but {@code All}
   */
  static boolean dryRun(List<String> values, String kind) {
    if (!values.stream().allMatch("All"::equals)) {
      String given = values.stream().collect(joining("\", \"", "[]string{\"", "\"}"));
      throw invalid(
              kind,
              "FieldValueNotSupported",
              "dryRun",
              "Unsupported value: " + given + ": supported values: \"All\"")
          .toException();
    }
    return !values.isEmpty();
  }

  /** Answers options that can't be, in the words for any invalid object. */
  static Status invalid(String kind, String reason, String field, String message) {
    return invalid(kind, List.of(new Cause(reason, message, field)));
  }

  /** Answers options that can't be for several reasons. */
  static Status invalid(String kind, List<Cause> causes) {
    return Status.invalid(
        new ResourceType(
            "meta.k8s.io", "v1", "", "", kind, false, List.of(), List.of(), Set.of(), Set.of()),
        "",
        causes);
  }

  /** Returns the same for what webhooks have been asked about already. */
  WriteOptions reviewed() {
    return new WriteOptions(user, dryRun, validation, Origin.SERVER);
  }

  Requester requester() {
    return new Requester(user.name(), user.uid(), user.groups(), user.extra());
  }
}
