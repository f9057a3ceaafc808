package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.Query;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Turns the options of an exec, attach or port-forward into those of the kubelet's API. Parameters
 * that Kubernetes doesn't know go no further; whether they make sense together the kubelet says.
 */
final class PodStreamOptions {
  private PodStreamOptions() {}

  /**
   * Returns the kubelet's query, in the order of the real apiserver's.
   *
   * @throws io.hubspoke.api.ApiException 400 on a port that is no number
   */
  static String query(PodStreamEndpoint.Kind kind, Query asked) {
    List<String> terms = new ArrayList<>();
    switch (kind) {
      case EXEC -> {
        asked.getAll("command").forEach(word -> terms.add(term("command", word)));
        streams(asked, terms);
      }
      case ATTACH -> streams(asked, terms);
      case PORT_FORWARD -> {
        String ports =
            asked.getAll("ports").stream()
                .map(PodStreamOptions::port)
                .collect(Collectors.joining(","));
        if (!ports.isEmpty()) {
          terms.add(term("port", ports));
        }
      }
    }
    return String.join("&", terms);
  }

  private static void streams(Query asked, List<String> terms) {
    flag(asked, "stderr", "error", terms);
    flag(asked, "stdin", "input", terms);
    flag(asked, "stdout", "output", terms);
    flag(asked, "tty", "tty", terms);
  }

  private static void flag(Query asked, String name, String kubelets, List<String> terms) {
    String value = asked.get(name);
    // Anything else is true, the empty word too (apimachinery's Convert_Slice_string_To_bool).
    if (value != null && !value.equalsIgnoreCase("false") && !value.equals("0")) {
      terms.add(kubelets + "=1");
    }
  }

  private static String port(String text) {
    try {
      return Integer.toString(Integer.parseInt(text));
    } catch (NumberFormatException e) {
      throw Status.badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax")
          .toException();
    }
  }

  private static String term(String name, String value) {
    return name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }
}
