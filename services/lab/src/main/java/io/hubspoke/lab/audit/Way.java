package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import java.util.List;

/**
 * The way that requests of the control plane take to something on a node. What is measured of it is
 * its untrusted part: the last wire where the apiserver connects itself, a tunnel's where there is
 * one.
 */
sealed interface Way permits DirectWay, TunnelWay {

  /**
   * Begins to measure the way to what is behind a wire.
   *
   * @param inClear whether nothing is encrypted on that wire
   */
  static Way to(Mesh mesh, Wire wire, boolean inClear) throws Exception {
    return switch (mesh.options().egress()) {
      case DIRECT -> new DirectWay(mesh, wire, inClear);
      case SSH, KONNECTIVITY_GRPC, KONNECTIVITY_HTTP_CONNECT ->
          TunnelWay.begin(mesh, wire, inClear);
    };
  }

  /** Taps it, and watches from now on who opens connections. */
  Recording tap() throws Exception;

  /** Judges what the tap saw of what carried the canary. */
  Verdict encrypted(Recording recording, String canary);

  /** Judges who has opened connections since the tap was put there. */
  Verdict path() throws Exception;

  /** Takes taps and interceptors away; the way can be used at once. */
  void release() throws Exception;

  /**
   * Tries to take the caller in from the untrusted part.
   *
   * @param tries each is used once
   * @param expectedOnWire whether the caller of the last wire is expected to verify its server: all
   *     that there is without a tunnel, and what is behind its end where there is one
   */
  Verdict serverVerified(List<Deception> tries, boolean expectedOnWire) throws Exception;

  /** Ends the measurement. */
  void end() throws Exception;
}
