package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;

/**
 * How a list or watch is read (API concepts, "Resource versions").
 *
 * @param resourceVersion empty for the newest
 * @param match how that is meant
 * @param limit 0 for no limit
 * @param continueToken empty for the first page
 */
public record ReadOptions(String resourceVersion, Match match, int limit, String continueToken) {
  public static final ReadOptions NEWEST = new ReadOptions("", Match.UNSET, 0, "");

  /** How a resource version is to be understood. */
  public enum Match {
    UNSET,
    EXACT,
    NOT_OLDER_THAN;

    static Match parse(String text) {
      return switch (text) {
        case "" -> UNSET;
        case "Exact" -> EXACT;
        case "NotOlderThan" -> NOT_OLDER_THAN;
        default ->
            throw invalid(
                "FieldValueNotSupported",
                "Unsupported value: \""
                    + text
                    + "\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
      };
    }
  }

  /**
   * Checks that the options go together, as the real apiserver does for a list.
   *
   * @throws io.hubspoke.api.ApiException 400 or 422 when they don't
   */
  void checkForList() {
    if (match != Match.UNSET) {
      if (!continueToken.isEmpty()) {
        throw forbidden("resourceVersionMatch is forbidden for continue");
      }
      if (resourceVersion.isEmpty()) {
        throw forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
      }
      if (match == Match.EXACT && resourceVersion.equals("0")) {
        throw forbidden("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
      }
    }
    if (!continueToken.isEmpty() && !resourceVersion.isEmpty() && !resourceVersion.equals("0")) {
      throw Status.badRequest("specifying resource version is not allowed when using continue")
          .toException();
    }
  }

  /**
   * Reads a resource version.
   *
   * @return 0 when it is empty or "0"
   * @throws io.hubspoke.api.ApiException 400 when it is none
   */
  static long revision(String resourceVersion) {
    if (resourceVersion.isEmpty()) {
      return 0;
    }
    try {
      long revision = Long.parseLong(resourceVersion);
      if (revision >= 0 && Character.isDigit(resourceVersion.charAt(0))) {
        return revision;
      }
    } catch (NumberFormatException e) {
      // Answered below, together with negative ones.
    }
    throw Status.badRequest(
            "invalid resource version: resourceVersion: Invalid value: \""
                + resourceVersion
                + "\": expected a number")
        .toException();
  }

  private static RuntimeException forbidden(String why) {
    return invalid("FieldValueForbidden", "Forbidden: " + why);
  }

  private static RuntimeException invalid(String reason, String message) {
    return WriteOptions.invalid("ListOptions", reason, "resourceVersionMatch", message)
        .toException();
  }
}
