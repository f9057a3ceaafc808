package io.hubspoke.lab.audit;

import io.hubspoke.lab.KonnectivityTunnels;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.NoTunnels;
import io.hubspoke.lab.SshServers;
import java.util.Optional;

/** Where whoever wants to use a tunnel has to show who he is. */
sealed interface TunnelDoor permits SshDoor, FrontendDoor {
  static TunnelDoor of(Mesh mesh) {
    return switch (mesh.tunnels()) {
      case NoTunnels _ -> throw new IllegalArgumentException("a mesh without tunnels");
      case SshServers ssh -> new SshDoor(mesh, ssh);
      case KonnectivityTunnels konnectivity -> new FrontendDoor(mesh, konnectivity);
    };
  }

  Verdict authenticated() throws Exception;

  /** Empty where nothing more is asked of who is known. */
  Optional<Verdict> authorized() throws Exception;
}
