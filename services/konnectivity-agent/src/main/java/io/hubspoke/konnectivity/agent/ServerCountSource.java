package io.hubspoke.konnectivity.agent;

/** What counts when servers and their leases say differently how many servers there are. */
public enum ServerCountSource {
  /** Leases when they are counted, and what servers say otherwise. */
  DEFAULT,
  /** The larger number. */
  MAX;

  /**
   * Reads the flag.
   *
   * @throws IllegalArgumentException when it is neither
   */
  static ServerCountSource parse(String text) {
    return switch (text) {
      case "", "default" -> DEFAULT;
      case "max" -> MAX;
      default ->
          throw new IllegalArgumentException(
              "must be '', 'default' or 'max', but is \"" + text + "\"");
    };
  }
}
