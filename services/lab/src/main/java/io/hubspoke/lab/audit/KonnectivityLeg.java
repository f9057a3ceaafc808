package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.runtime.Component;
import java.util.Set;

/** What agents open towards the Konnectivity server: TLS, over which the server dials back. */
record KonnectivityLeg(Mesh mesh) implements TunnelLeg {
  @Override
  public Set<String> openers() {
    return Nodes.addresses(mesh);
  }

  @Override
  public Verdict encrypted(Recording recording, String canary) {
    return Checks.encrypted(recording, canary);
  }

  @Override
  public Verdict refusesInterceptor(Deception request) throws Exception {
    var interceptor = Checks.intercept(mesh, wire(), mesh.forger(), new Alteration.None());
    try {
      var seen = Checks.serverVerified(interceptor, farEnd());
      return Deception.judge(seen, request.call(), Deception.firstLine(interceptor));
    } finally {
      Checks.release(wire());
      Component.await(interceptor.close());
    }
  }
}
