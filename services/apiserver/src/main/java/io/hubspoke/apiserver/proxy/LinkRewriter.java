package io.hubspoke.apiserver.proxy;

import java.util.Locale;

/**
 * Leads links of a backend that name its own host and an absolute path back through the proxy, as
 * the real apiserver does; all others stay.
 */
record LinkRewriter(String prefix, String backendHost, String requestHost) {

  /** Returns a link as the client is to follow it. */
  String rewrite(String link) {
    String url = link.strip();
    int afterScheme = schemeEnd(url);
    String scheme = url.substring(0, afterScheme);
    String host = "";
    int path = afterScheme;
    if (url.startsWith("//", afterScheme)) {
      path = end(url, afterScheme + 2, "/?#");
      host = url.substring(afterScheme + 2, path);
      // A password in a link doesn't make it another host.
      host = host.substring(host.lastIndexOf('@') + 1);
    } else if (afterScheme > 0) {
      return link;
    }
    boolean elsewhere = !host.isEmpty() && !host.equals(backendHost) && !host.equals(requestHost);
    if (elsewhere || !url.startsWith("/", path)) {
      return link;
    }
    String rest = url.substring(path);
    String moved = below(rest) ? rest : prefix + rest;
    return !host.isEmpty() && host.equals(requestHost) ? scheme + "//" + host + moved : moved;
  }

  private boolean below(String path) {
    return path.startsWith(prefix)
        && (path.length() == prefix.length() || "/?#".indexOf(path.charAt(prefix.length())) >= 0);
  }

  /** Returns where a scheme with its colon ends; 0 when there is none (RFC 3986 section 3.1). */
  private static int schemeEnd(String url) {
    int colon = url.indexOf(':');
    if (colon <= 0) {
      return 0;
    }
    String scheme = url.substring(0, colon).toLowerCase(Locale.ROOT);
    boolean valid =
        scheme.charAt(0) >= 'a'
            && scheme.charAt(0) <= 'z'
            && scheme
                .chars()
                .allMatch(
                    c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "+-.".indexOf(c) >= 0);
    return valid ? colon + 1 : 0;
  }

  private static int end(String text, int from, String stops) {
    int at = from;
    while (at < text.length() && stops.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at;
  }
}
