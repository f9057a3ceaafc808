package io.hubspoke.lab.audit;

import io.hubspoke.lab.ForeignAuthority;
import io.hubspoke.lab.KonnectivityTunnels;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.Place;
import io.hubspoke.pki.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/** The Konnectivity server's end that the apiserver dials: a Unix socket, or TLS on loopback. */
record FrontendDoor(Mesh mesh, KonnectivityTunnels tunnels) implements TunnelDoor {
  private static final String TAKEN = "HTTP/1.1 200";
  private static final EnumSet<PosixFilePermission> OWNERS =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  @Override
  public Verdict authenticated() throws Exception {
    if (mesh.deployed()) {
      return new Verdict.NotMeasured(
          "the server's end of the hub is a socket within the apiserver's pod");
    }
    var socket = tunnels.socket();
    return socket.isPresent() ? ownersOnly(socket.get()) : byCertificate();
  }

  /** What the kernel asks of who connects to a Unix socket is the right to write to it. */
  private static Verdict ownersOnly(Path socket) throws IOException {
    var permissions = Files.getPosixFilePermissions(socket);
    return Verdict.of(
        OWNERS.containsAll(permissions),
        Checks.evidence()
            .put("socket", socket.getFileName().toString())
            .put("permissions", PosixFilePermissions.toString(permissions)));
  }

  private Verdict byCertificate() throws Exception {
    var evidence = Checks.evidence();
    var strangers = new LinkedHashMap<String, Identity>();
    strangers.put("noCredentials", null);
    strangers.put("foreignCa", ForeignAuthority.create().client("kube-apiserver", List.of()));
    strangers.put("anAgent", tunnels.agentIdentity(TunnelLeg.NODE));
    strangers.put("aNode", Nodes.identity(mesh, TunnelLeg.NODE));
    strangers.put("theAdministrator", mesh.adminIdentity());
    var refused = true;
    for (var stranger : strangers.entrySet()) {
      var said = connect(stranger.getValue());
      evidence.put(stranger.getKey(), said);
      refused &= !said.startsWith(TAKEN);
    }
    var own = connect(tunnels.clientIdentity());
    evidence.put("theApiserver", own);
    return Verdict.of(refused && own.startsWith(TAKEN), evidence);
  }

  private String connect(Identity identity) throws Exception {
    var kubelet = mesh.nodes().get(TunnelLeg.NODE);
    return mesh.at(Place.CONTROL_PLANE)
        .call(
            () ->
                ConnectRequest.send(
                    tunnels.frontend(), identity, kubelet.advertises() + ":" + kubelet.port()));
  }

  @Override
  public Optional<Verdict> authorized() {
    return Optional.empty();
  }
}
