package io.hubspoke.tunnel;

import java.io.IOException;

/** Says that there is no tunnel to dial through; the target was not tried. */
public final class TunnelDownException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String tunnel;

  /**
   * Says why a tunnel is down.
   *
   * @param tunnel its name, as {@link Dialer#name()} and, if there are several, which one
   */
  public TunnelDownException(String tunnel, String reason) {
    super(tunnel + ": " + reason);
    this.tunnel = tunnel;
  }

  /** Returns which tunnel it is. */
  public String tunnel() {
    return tunnel;
  }
}
