package io.hubspoke.api;

import java.util.ArrayList;
import java.util.List;

/**
 * Validates names with Kubernetes' own sentences ("Object Names and IDs"). Each method returns what
 * is wrong, nothing when the name is valid.
 */
public final class Names {
  private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
  private static final String DNS_1123_LABEL =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and"
          + " must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc',"
          + " regex used for validation is '"
          + LABEL
          + "')";
  private static final String DNS_1123_SUBDOMAIN =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or"
          + " '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex"
          + " used for validation is '"
          + LABEL
          + "(\\."
          + LABEL
          + ")*')";
  private static final String DNS_1035_LABEL =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
          + " alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or"
          + " 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
  private static final String QUALIFIED =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
          + " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
          + " validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  private static final String LABEL_VALUE =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or"
          + " '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or"
          + " 'my_value',  or '12345', regex used for validation is"
          + " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  private static final String CONFIG_KEY =
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g."
          + " 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
          + " '[-._a-zA-Z0-9]+')";

  private Names() {}

  /** Validates the name of a namespace, a container or the like. */
  public static List<String> dns1123Label(String value) {
    List<String> errors = new ArrayList<>(1);
    atMost(63, value, errors);
    if (!isLabel(value, 0, value.length())) {
      errors.add(DNS_1123_LABEL);
    }
    return errors;
  }

  /** Validates the name of most objects. */
  public static List<String> dns1123Subdomain(String value) {
    List<String> errors = new ArrayList<>(1);
    atMost(253, value, errors);
    if (!isSubdomain(value)) {
      errors.add(DNS_1123_SUBDOMAIN);
    }
    return errors;
  }

  /** Validates the name of a service. */
  public static List<String> dns1035Label(String value) {
    List<String> errors = new ArrayList<>(1);
    atMost(63, value, errors);
    if (!isLabel(value, 0, value.length()) || !isLower(value.charAt(0))) {
      errors.add(DNS_1035_LABEL);
    }
    return errors;
  }

  /** Validates what becomes a segment of a URL's path; objects of rbac may be named so. */
  public static List<String> pathSegment(String value) {
    if (value.equals(".") || value.equals("..")) {
      return List.of("may not be '" + value + "'");
    }
    return pathSegmentPrefix(value);
  }

  /** Validates the beginning of a path segment. */
  public static List<String> pathSegmentPrefix(String value) {
    List<String> errors = new ArrayList<>(1);
    for (char c : new char[] {'/', '%'}) {
      if (value.indexOf(c) >= 0) {
        errors.add("may not contain '" + c + "'");
      }
    }
    return errors;
  }

  /** Validates the key of a label, an annotation or a finalizer. */
  public static List<String> qualifiedName(String value) {
    List<String> errors = new ArrayList<>(1);
    int slash = value.indexOf('/');
    if (slash != value.lastIndexOf('/')) {
      errors.add(
          "a qualified name "
              + QUALIFIED
              + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
      return errors;
    }
    if (slash == 0) {
      errors.add("prefix part must be non-empty");
    } else if (slash > 0) {
      dns1123Subdomain(value.substring(0, slash)).forEach(e -> errors.add("prefix part " + e));
    }
    String name = value.substring(slash + 1);
    if (name.isEmpty()) {
      errors.add("name part must be non-empty");
    } else if (name.length() > 63) {
      errors.add("name part must be no more than 63 characters");
    }
    if (!isQualified(name)) {
      errors.add("name part " + QUALIFIED);
    }
    return errors;
  }

  /** Validates the value of a label. */
  public static List<String> labelValue(String value) {
    List<String> errors = new ArrayList<>(1);
    atMost(63, value, errors);
    if (!value.isEmpty() && !isQualified(value)) {
      errors.add(LABEL_VALUE);
    }
    return errors;
  }

  /** Validates the name of a port ("IANA_SVC_NAME"). */
  public static List<String> portName(String value) {
    List<String> errors = new ArrayList<>(1);
    if (value.length() > 15) {
      errors.add("must be no more than 15 characters");
    }
    if (!value.chars().allMatch(c -> isLower(c) || isDigit(c) || c == '-')) {
      errors.add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if (value.chars().noneMatch(Names::isLower)) {
      errors.add("must contain at least one letter (a-z)");
    }
    if (value.contains("--")) {
      errors.add("must not contain consecutive hyphens");
    }
    if (value.startsWith("-") || value.endsWith("-")) {
      errors.add("must not begin or end with a hyphen");
    }
    return errors;
  }

  /** Validates a key of a ConfigMap or Secret. */
  public static List<String> configMapKey(String value) {
    List<String> errors = new ArrayList<>(1);
    atMost(253, value, errors);
    if (value.isEmpty() || !value.chars().allMatch(c -> isAlphanumeric(c) || isPunctuation(c))) {
      errors.add(CONFIG_KEY);
    }
    if (value.equals(".") || value.equals("..")) {
      errors.add("must not be '" + value + "'");
    } else if (value.startsWith("..")) {
      errors.add("must not start with '..'");
    }
    return errors;
  }

  /** Returns a generateName as a name that it could begin, for it may end with a dash. */
  public static String withoutTrailingDash(String prefix) {
    return prefix.length() > 1 && prefix.endsWith("-")
        ? prefix.substring(0, prefix.length() - 1) + "a"
        : prefix;
  }

  private static void atMost(int most, String value, List<String> errors) {
    if (value.length() > most) {
      errors.add("must be no more than " + most + " characters");
    }
  }

  private static boolean isSubdomain(String value) {
    int start = 0;
    while (true) {
      int dot = value.indexOf('.', start);
      int end = dot < 0 ? value.length() : dot;
      if (!isLabel(value, start, end)) {
        return false;
      }
      if (dot < 0) {
        return true;
      }
      start = dot + 1;
    }
  }

  private static boolean isLabel(String value, int start, int end) {
    if (start >= end || value.charAt(start) == '-' || value.charAt(end - 1) == '-') {
      return false;
    }
    for (int i = start; i < end; i++) {
      char c = value.charAt(i);
      if (!isLower(c) && !isDigit(c) && c != '-') {
        return false;
      }
    }
    return true;
  }

  private static boolean isQualified(String value) {
    return !value.isEmpty()
        && isAlphanumeric(value.charAt(0))
        && isAlphanumeric(value.charAt(value.length() - 1))
        && value.chars().allMatch(c -> isAlphanumeric(c) || isPunctuation(c));
  }

  private static boolean isPunctuation(int c) {
    return c == '-' || c == '_' || c == '.';
  }

  private static boolean isAlphanumeric(int c) {
    return isLower(c) || (c >= 'A' && c <= 'Z') || isDigit(c);
  }

  private static boolean isLower(int c) {
    return c >= 'a' && c <= 'z';
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }
}
