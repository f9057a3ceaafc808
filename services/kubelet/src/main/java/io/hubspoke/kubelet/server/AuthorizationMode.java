package io.hubspoke.kubelet.server;

/** Who decides what an authenticated caller of the API may do. */
public enum AuthorizationMode {
  /** Everyone may do everything. */
  ALWAYS_ALLOW("AlwaysAllow"),
  /** The apiserver is asked by SubjectAccessReview. */
  WEBHOOK("Webhook");

  private final String flag;

  AuthorizationMode(String flag) {
    this.flag = flag;
  }

  /** Returns how flags and configuration spell it. */
  @Override
  public String toString() {
    return flag;
  }

  /**
   * Reads the value of {@code --authorization-mode}.
   *
   * @throws IllegalArgumentException naming the flag
   */
  public static AuthorizationMode parse(String flag) {
    for (AuthorizationMode mode : values()) {
      if (mode.flag.equals(flag)) {
        return mode;
      }
    }
    throw new IllegalArgumentException(
        "--authorization-mode must be AlwaysAllow or Webhook, but is \"" + flag + "\"");
  }
}
