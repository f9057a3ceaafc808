package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import java.util.ArrayList;
import java.util.List;

/**
 * An interceptor on a wire, and callers who are tried.
 *
 * @param inClear whether nothing is encrypted on the wire
 * @param from where the connections that count come from
 */
record Trap(Mesh mesh, Wire wire, boolean inClear, String from) {

  /**
   * Tries the caller once in each way; the wire keeps the last interceptor until it is released.
   */
  Verdict set(List<Deception> tries) throws Exception {
    var verdicts = new ArrayList<Verdict>();
    for (var deception : tries) {
      verdicts.add(set(deception));
    }
    return Verdict.all(verdicts);
  }

  private Verdict set(Deception deception) throws Exception {
    var interceptor =
        inClear
            ? Checks.interceptInClear(mesh, wire, deception.alteration())
            : Checks.intercept(mesh, wire, deception.alteration());
    try {
      // On a connection that was reset a moment ago a request fails before it meets anybody.
      var received =
          Checks.eventually(
              Checks.PATIENCE, deception::call, got -> !interceptor.interceptions().isEmpty());
      var seen = Checks.serverVerifiedByNow(interceptor, from);
      return Deception.judge(seen, received, deception.read(interceptor));
    } finally {
      Component.await(interceptor.close());
      Component.await(deception.close());
    }
  }
}
