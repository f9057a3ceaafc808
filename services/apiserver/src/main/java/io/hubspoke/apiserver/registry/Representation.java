package io.hubspoke.apiserver.registry;

import io.hubspoke.apiserver.http.MediaRange;
import io.hubspoke.apiserver.http.MediaType;

/** How objects are sent, as the client's {@code Accept} header prefers. */
record Representation(Form form, MediaType mediaType) {

  /** What is said of objects. */
  enum Form {
    OBJECT,
    TABLE,
    PARTIAL_METADATA
  }

  /**
   * Returns the representation that the client prefers of those that can be served.
   *
   * @param accept the header, null when absent
   * @throws io.hubspoke.api.ApiException 406 when none can
   */
  static Representation negotiate(String accept) {
    for (MediaRange range : MediaRange.parse(accept)) {
      MediaType type = MediaType.of(range);
      Form form = type == null ? null : form(range);
      // Tables have cells of any type, which protobuf cannot say.
      if (form == Form.TABLE && type == MediaType.PROTOBUF) {
        continue;
      }
      if (form != null) {
        return new Representation(form, type);
      }
    }
    throw MediaType.notAcceptable();
  }

  private static Form form(MediaRange range) {
    var parameters = range.parameters();
    String as = parameters.getOrDefault("as", "");
    if (!parameters.getOrDefault("v", "v1").equals("v1")
        || !parameters.getOrDefault("g", "meta.k8s.io").equals("meta.k8s.io")) {
      return null;
    }
    return switch (as) {
      case "" -> Form.OBJECT;
      case "Table" -> Form.TABLE;
      case "PartialObjectMetadata", "PartialObjectMetadataList" -> Form.PARTIAL_METADATA;
      default -> null;
    };
  }
}
