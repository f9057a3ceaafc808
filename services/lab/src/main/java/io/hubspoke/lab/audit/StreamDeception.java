package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Interceptor;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/** A try with streams over one transport, which an impostor answers in the kubelet's place. */
record StreamDeception(Mesh mesh, StreamTransport transport, Impostor impostor, Conversation held)
    implements Deception {

  /** What the caller says and hears. */
  interface Conversation {
    Received with(StreamsCaller caller, StreamTransport transport) throws Exception;
  }

  /** Tries each transport once, with an impostor that answers with this text. */
  static List<Deception> overEach(Mesh mesh, String forged, Conversation held) throws Exception {
    var tries = new ArrayList<Deception>();
    for (var transport : StreamTransport.values()) {
      var impostor = Component.await(Impostor.start(mesh.vertx(), forged));
      tries.add(new StreamDeception(mesh, transport, impostor, held));
    }
    return tries;
  }

  @Override
  public Alteration alteration() {
    return new Alteration.Impersonate(impostor.address());
  }

  @Override
  public Received call() throws Exception {
    try (var caller = new StreamsCaller(mesh.vertx(), mesh.adminIdentity(), transport)) {
      return held.with(caller, transport);
    }
  }

  @Override
  public String read(Interceptor interceptor) {
    return impostor.read().lines().findFirst().orElse("");
  }

  @Override
  public Future<Void> close() {
    return impostor.close();
  }
}
