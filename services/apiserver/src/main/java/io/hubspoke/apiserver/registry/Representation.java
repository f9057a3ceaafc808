package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;
import java.util.Locale;

/** In which form objects are sent, as the client's {@code Accept} header prefers. */
enum Representation {
  OBJECT,
  TABLE,
  PARTIAL_METADATA;

  /**
   * Returns the first form that can be served; what a client lists first it prefers.
   *
   * @param accept the header, null when absent
   * @throws io.hubspoke.api.ApiException 406 when none can
   */
  static Representation negotiate(String accept) {
    if (accept == null || accept.isBlank()) {
      return OBJECT;
    }
    for (String range : accept.split(",", -1)) {
      Representation form = of(range);
      if (form != null) {
        return form;
      }
    }
    throw Status.notAcceptable("only the following media types are accepted: application/json")
        .toException();
  }

  private static Representation of(String range) {
    String[] parts = range.split(";", -1);
    String type = parts[0].trim().toLowerCase(Locale.ROOT);
    if (!type.equals("application/json") && !type.equals("*/*") && !type.equals("application/*")) {
      return null;
    }
    String as = "";
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].trim();
      if (parameter.startsWith("as=")) {
        as = parameter.substring("as=".length());
      } else if (parameter.startsWith("v=") && !parameter.equals("v=v1")) {
        return null;
      } else if (parameter.startsWith("g=") && !parameter.equals("g=meta.k8s.io")) {
        return null;
      }
    }
    return switch (as) {
      case "" -> OBJECT;
      case "Table" -> TABLE;
      case "PartialObjectMetadata", "PartialObjectMetadataList" -> PARTIAL_METADATA;
      default -> null;
    };
  }
}
