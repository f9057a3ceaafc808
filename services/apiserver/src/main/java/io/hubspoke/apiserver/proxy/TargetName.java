package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;

/**
 * A node, pod or service as the path of its proxy names it: {@code name}, {@code name:port} or
 * {@code scheme:name:port}.
 *
 * @param tls whether the scheme is {@code https}
 * @param port a number or a port's name; empty when none is given
 */
record TargetName(boolean tls, String name, String port) {

  /**
   * Reads one.
   *
   * @param kind for the refusal, such as {@code pod}
   * @throws io.hubspoke.api.ApiException 400 when it is of no such form
   */
  static TargetName parse(String kind, String id) {
    String[] parts = id.split(":", -1);
    boolean tls = parts.length == 3 && parts[0].equals("https");
    TargetName target =
        switch (parts.length) {
          case 1 -> new TargetName(false, parts[0], "");
          case 2 -> new TargetName(false, parts[0], parts[1]);
          case 3 ->
              tls || parts[0].isEmpty() || parts[0].equals("http")
                  ? new TargetName(tls, parts[1], parts[2])
                  : null;
          default -> null;
        };
    if (target == null || target.name.isEmpty()) {
      throw Status.badRequest("invalid %s request \"%s\"".formatted(kind, id)).toException();
    }
    return target;
  }

  /**
   * Returns the port as a number, or what is used without one.
   *
   * @throws io.hubspoke.api.ApiException 400 when it is no number of a port
   */
  int portOr(int otherwise) {
    if (port.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(port);
      if (number > 0 && number < 65536) {
        return number;
      }
    } catch (NumberFormatException e) {
      // The same refusal as for a number that is no port's.
    }
    throw Status.badRequest("invalid port \"" + port + "\", expected 1 to 65535").toException();
  }
}
