package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import java.util.List;
import java.util.Set;

/** The apiserver connects to the node, pod or service itself. */
final class DirectWay implements Way {
  private final Mesh mesh;
  private final Wire wire;
  private final boolean inClear;
  private PathWatch watch;

  DirectWay(Mesh mesh, Wire wire, boolean inClear) {
    this.mesh = mesh;
    this.wire = wire;
    this.inClear = inClear;
  }

  @Override
  public Recording tap() throws Exception {
    watch = PathWatch.across(wire);
    return Checks.tap(wire);
  }

  @Override
  public Verdict encrypted(Recording recording, String canary) {
    return Checks.encrypted(recording, canary);
  }

  @Override
  public Verdict path() throws Exception {
    return watch.openedBy(Set.of(mesh.addresses().apiserver()));
  }

  @Override
  public void release() throws Exception {
    Checks.release(wire);
  }

  @Override
  public Verdict serverVerified(List<Deception> tries, boolean expectedOnWire) throws Exception {
    return new Trap(mesh, wire, inClear, mesh.addresses().apiserver()).set(tries);
  }

  @Override
  public void end() throws Exception {
    release();
  }
}
