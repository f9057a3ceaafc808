package io.hubspoke.lab;

import io.hubspoke.kubelet.runtime.RuntimeEndpoint;

/** Containers are programs in the kubelet's process. */
class FullDiskTest extends FullDisk {
  @Override
  RuntimeEndpoint runtime() {
    return RuntimeEndpoint.parse("in-process://");
  }

  @Override
  void stopRuntime() {}

  @Override
  void talker(TestMesh mesh, String name) throws Exception {
    mesh.pod(name, "Always", "hubspoke/ticker");
  }

  @Override
  int linesThatFillAPipe() {
    // It has none, and speaks once a second.
    return 3;
  }
}
