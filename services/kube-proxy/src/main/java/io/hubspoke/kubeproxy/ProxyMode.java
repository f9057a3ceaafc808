package io.hubspoke.kubeproxy;

/** Who forwards. */
public enum ProxyMode {
  /** The packet filter where it can be had, else this process. */
  AUTO(""),
  NFTABLES("nftables"),
  USERSPACE("userspace");

  private final String value;

  ProxyMode(String value) {
    this.value = value;
  }

  /** Returns the mode as {@code --proxy-mode} takes it. */
  public String value() {
    return value;
  }

  /**
   * Reads a mode.
   *
   * @throws IllegalArgumentException for one that this kube-proxy doesn't have
   */
  public static ProxyMode parse(String text) {
    for (var mode : values()) {
      if (mode.value.equals(text)) {
        return mode;
      }
    }
    throw new IllegalArgumentException(
        "\""
            + text
            + "\" is not supported, expected \"nftables\", \"userspace\", or \"\" for what"
            + " the machine has");
  }
}
