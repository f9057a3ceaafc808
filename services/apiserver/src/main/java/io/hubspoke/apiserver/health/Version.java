package io.hubspoke.apiserver.health;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/** Names the Kubernetes version whose behaviour this server has. */
public final class Version {
  public static final String GIT_VERSION = "v1.33.0+hubspoke";

  private Version() {}

  /** Returns what {@code /version} answers. */
  public static ObjectNode info() {
    return Json.object()
        .put("major", "1")
        .put("minor", "33")
        .put("gitVersion", GIT_VERSION)
        .put("gitCommit", "")
        .put("gitTreeState", "clean")
        .put("buildDate", "1970-01-01T00:00:00Z")
        .put("goVersion", "java" + Runtime.version().feature())
        .put("compiler", "javac")
        .put("platform", platform());
  }

  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT);
    String arch =
        switch (System.getProperty("os.arch")) {
          case "amd64", "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          case String other -> other;
        };
    return (os.startsWith("mac") ? "darwin" : os) + "/" + arch;
  }
}
