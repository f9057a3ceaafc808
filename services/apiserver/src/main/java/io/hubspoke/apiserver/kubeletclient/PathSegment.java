package io.hubspoke.apiserver.kubeletclient;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Writes a name as one segment of a URL's path, whatever it contains (RFC 3986 section 3.3). */
public final class PathSegment {
  private PathSegment() {}

  /** Encodes everything that could end the segment or climb out of it. */
  public static String encode(String name) {
    // A form's encoding is a path's but for spaces; dots mean something when they stand alone.
    return name.equals(".") || name.equals("..")
        ? name.replace(".", "%2E")
        : URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
