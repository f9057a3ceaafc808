package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;

/** Containers are processes, whose pipes the kubelet reads. */
class FullDiskUnderProcessesTest extends FullDisk {
  /** Four kilobytes a line: a pipe holds 64. */
  static final String SCRIPT =
      "p=$(head -c 4000 /dev/zero | tr '\\0' x); i=0;"
          + " while :; do i=$((i+1)); echo tick $i $p; sleep 0.05; done";

  @Override
  RuntimeEndpoint runtime() {
    return RuntimeEndpoint.parse("process://");
  }

  @Override
  void stopRuntime() {}

  @Override
  void talker(TestMesh mesh, String name) throws Exception {
    var pod = TestMesh.pod(name, "Always");
    TestMesh.container(pod, "main", "hubspoke/host", "-c", SCRIPT);
    ((ObjectNode) pod.at("/spec/containers/0")).putArray("command").add("sh");
    mesh.create(pod);
  }

  @Override
  int linesThatFillAPipe() {
    return 40;
  }
}
