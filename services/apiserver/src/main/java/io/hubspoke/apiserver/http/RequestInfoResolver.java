package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.http.HttpMethod;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Takes from a request what it asks, by the rules of Kubernetes' {@code RequestInfoFactory}.
 *
 * <p>The path is decoded once, and everything after this class works on the {@link RequestInfo}, so
 * that what is authorized is what is served. A path that could be read in two ways ({@code ..},
 * {@code //}) names no resource and is served by nothing.
 */
public final class RequestInfoResolver {
  private static final Set<String> NAMESPACE_SUBRESOURCES = Set.of("status", "finalize");

  /**
   * Resolves a request.
   *
   * @param rawPath the path as sent, still percent-encoded
   * @throws io.hubspoke.api.ApiException 400 when the path is malformed
   */
  public RequestInfo resolve(HttpMethod method, String rawPath, Query query) {
    String path = decode(rawPath);
    String httpVerb = method.name().toLowerCase(Locale.ROOT);
    if (!isCanonical(path)) {
      return nonResource(path, httpVerb);
    }
    List<String> parts = split(path);
    boolean core = parts.size() >= 3 && parts.getFirst().equals("api");
    boolean grouped = parts.size() >= 4 && parts.getFirst().equals("apis");
    if (!core && !grouped) {
      return nonResource(path, httpVerb);
    }
    String group = core ? "" : parts.get(1);
    int next = core ? 1 : 2;
    String version = parts.get(next++);
    String verb = verb(method);
    boolean watchPrefix = parts.get(next).equals("watch");
    if (watchPrefix) {
      if (++next == parts.size()) {
        throw Status.badRequest("unable to determine kind and namespace from url, " + path)
            .toException();
      }
      // The prefix predates ?watch=true. Only reading it as a watch is safe, whatever the method.
      verb = verb.equals("get") ? "watch" : "";
    }
    return resource(path, group, version, verb, parts.subList(next, parts.size()), query);
  }

  private static RequestInfo resource(
      String path, String group, String version, String verb, List<String> parts, Query query) {
    String namespace = "";
    List<String> rest = parts;
    if (rest.getFirst().equals("namespaces") && rest.size() > 1) {
      namespace = rest.get(1);
      if (rest.size() > 2 && !NAMESPACE_SUBRESOURCES.contains(rest.get(2))) {
        rest = rest.subList(2, rest.size());
      }
    }
    String name = rest.size() > 1 ? rest.get(1) : "";
    String subresource = rest.size() > 2 ? rest.get(2) : "";
    String remainder = rest.size() > 3 ? String.join("/", rest.subList(3, rest.size())) : "";
    String actual = verb;
    if (name.isEmpty() && verb.equals("get")) {
      actual = isWatch(query) ? "watch" : "list";
    } else if (name.isEmpty() && verb.equals("delete")) {
      actual = "deletecollection";
    }
    if (name.isEmpty() && (actual.equals("list") || actual.equals("watch"))) {
      name = FieldTerms.of(query.get("fieldSelector")).equal("metadata.name");
      name = isPathSegment(name) ? name : "";
    }
    return new RequestInfo(
        true,
        path,
        actual,
        group,
        version,
        rest.getFirst(),
        namespace,
        name,
        subresource,
        remainder);
  }

  private static RequestInfo nonResource(String path, String verb) {
    return new RequestInfo(false, path, verb, "", "", "", "", "", "", "");
  }

  /** Returns whether the path has no empty, {@code .} or {@code ..} segment and no control byte. */
  public static boolean isCanonical(String path) {
    if (!path.startsWith("/")) {
      return false;
    }
    int start = 1;
    while (start < path.length()) {
      int end = path.indexOf('/', start);
      end = end < 0 ? path.length() : end;
      String segment = path.substring(start, end);
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        return false;
      }
      start = end + 1;
    }
    return path.chars().noneMatch(c -> c < 0x20 || c == 0x7f || c == '\\');
  }

  private static String verb(HttpMethod method) {
    return switch (method.name()) {
      case "GET", "HEAD" -> "get";
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> "delete";
      default -> "";
    };
  }

  private static boolean isWatch(Query query) {
    String watch = query.get("watch");
    return watch != null && !watch.equalsIgnoreCase("false") && !watch.equals("0");
  }

  private static boolean isPathSegment(String name) {
    return !name.equals(".") && !name.equals("..") && !name.contains("/") && !name.contains("%");
  }

  private static List<String> split(String path) {
    List<String> parts = new ArrayList<>(8);
    int start = 1;
    while (start < path.length()) {
      int end = path.indexOf('/', start);
      end = end < 0 ? path.length() : end;
      parts.add(path.substring(start, end));
      start = end + 1;
    }
    return parts;
  }

  private static String decode(String rawPath) {
    String raw = rawPath == null || rawPath.isEmpty() ? "/" : rawPath;
    if (raw.indexOf('%') < 0) {
      return raw;
    }
    try {
      // A plus is itself in a path; only queries use it for a space.
      String path = URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
      if (path.indexOf('\ufffd') >= 0) {
        throw new IllegalArgumentException("not UTF-8");
      }
      return path;
    } catch (IllegalArgumentException e) {
      throw Status.badRequest("the request path is not validly percent-encoded").toException();
    }
  }
}
