package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.http.Query;
import java.util.ArrayList;
import java.util.List;

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

  private static final String MATCH = "resourceVersionMatch";
  private static final String INITIAL = "sendInitialEvents";

  /** How a resource version is to be understood. */
  public enum Match {
    UNSET,
    EXACT,
    NOT_OLDER_THAN,
    UNKNOWN;

    static Match parse(String text) {
      return switch (text) {
        case "" -> UNSET;
        case "Exact" -> EXACT;
        case "NotOlderThan" -> NOT_OLDER_THAN;
        default -> UNKNOWN;
      };
    }
  }

  /**
   * Reads the options of a list from its query, and checks that they go together.
   *
   * @throws io.hubspoke.api.ApiException 400 or 422 when they don't
   */
  static ReadOptions forList(Query query, int limit) {
    var options =
        new ReadOptions(
            query.text("resourceVersion"),
            Match.parse(query.text(MATCH)),
            limit,
            query.text("continue"));
    List<Cause> causes = new ArrayList<>();
    if (options.match != Match.UNSET) {
      if (options.resourceVersion.isEmpty()) {
        causes.add(
            forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"));
      }
      if (!options.continueToken.isEmpty()) {
        causes.add(forbidden("resourceVersionMatch is forbidden when continue is provided"));
      }
      if (options.match == Match.UNKNOWN) {
        causes.add(notSupported(query.text(MATCH), "\"Exact\", \"NotOlderThan\", \"\""));
      }
      if (options.match == Match.EXACT && options.resourceVersion.equals("0")) {
        causes.add(
            forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
      }
    }
    if (!query.text(INITIAL).isEmpty()) {
      causes.add(forbidden(INITIAL, "sendInitialEvents is forbidden for list"));
    }
    throwIfAny(causes);
    if (!options.continueToken.isEmpty()
        && !options.resourceVersion.isEmpty()
        && !options.resourceVersion.equals("0")) {
      throw Status.badRequest("specifying resource version is not allowed when using continue")
          .toException();
    }
    return options;
  }

  /**
   * Returns whether a watch is to begin with what exists and say where that ends.
   *
   * @throws io.hubspoke.api.ApiException 422 when its options don't go together
   */
  static boolean sendInitialEvents(Query query) {
    Match match = Match.parse(query.text(MATCH));
    boolean given = !query.text(INITIAL).isEmpty();
    List<Cause> causes = new ArrayList<>();
    if (given && match != Match.NOT_OLDER_THAN) {
      causes.add(
          forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    }
    if (match != Match.UNSET) {
      if (!given) {
        causes.add(
            forbidden(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
      }
      if (match != Match.NOT_OLDER_THAN) {
        causes.add(notSupported(query.text(MATCH), "\"NotOlderThan\""));
      }
      if (!query.text("continue").isEmpty()) {
        causes.add(forbidden("resourceVersionMatch is forbidden when continue is provided"));
      }
    }
    throwIfAny(causes);
    return given && !query.text(INITIAL).equals("false") && !query.text(INITIAL).equals("0");
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

  private static Cause forbidden(String why) {
    return forbidden(MATCH, why);
  }

  private static Cause forbidden(String field, String why) {
    return new Cause("FieldValueForbidden", "Forbidden: " + why, field);
  }

  private static Cause notSupported(String value, String supported) {
    return new Cause(
        "FieldValueNotSupported",
        "Unsupported value: \"" + value + "\": supported values: " + supported,
        MATCH);
  }

  private static void throwIfAny(List<Cause> causes) {
    if (!causes.isEmpty()) {
      throw WriteOptions.invalid("ListOptions", causes).toException();
    }
  }
}
