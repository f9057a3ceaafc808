package io.hubspoke.lab.audit;

/** What is measured of a route. */
public enum Property {
  /** The request that the route exists for succeeds and returns the expected bytes. */
  REACHABLE("reachable"),
  /** A random canary sent through the route is not among the bytes that a tap recorded. */
  ENCRYPTED("encrypted"),
  /** An interceptor with a foreign certificate is refused before any application byte. */
  SERVER_VERIFIED("server verified"),
  /**
   * No, foreign and expired credentials are refused; the far end names the user of the right ones.
   */
  CLIENT_AUTHENTICATED("client authn"),
  /** What is outside the caller's role is refused, what is inside succeeds. */
  AUTHORIZED("authorized"),
  /** The connections that crossed the untrusted segment were opened by whom they should be. */
  PATH("path");

  private final String title;

  Property(String title) {
    this.title = title;
  }

  /** The name in a report. */
  public String title() {
    return title;
  }
}
