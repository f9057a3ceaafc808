package io.hubspoke.apiserver.resources;

import io.hubspoke.api.Names;
import java.util.Locale;

/** Validates names of storage drivers. */
final class CsiNames {
  private static final int LONGEST = 63;

  private CsiNames() {}

  static void validate(String name, String path, FieldErrors errors) {
    if (name.isEmpty()) {
      errors.required(path, "");
      return;
    }
    if (name.length() > LONGEST) {
      errors.tooLong(path, LONGEST);
    }
    errors.invalid(path, name, Names.dns1123Subdomain(name.toLowerCase(Locale.ROOT)));
  }
}
