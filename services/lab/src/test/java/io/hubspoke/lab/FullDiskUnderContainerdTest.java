package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.containers.Containerd;
import io.hubspoke.testing.containers.TestImages;
import java.nio.file.Files;

/** Containers are containerd's, which writes their logs where the kubelet says. */
class FullDiskUnderContainerdTest extends FullDisk {
  private Containerd containerd;

  @Override
  RuntimeEndpoint runtime() throws Exception {
    containerd = Containerd.start(Files.createTempDirectory("hubspoke-cri"));
    return new RuntimeEndpoint.Cri(containerd.socket());
  }

  @Override
  void stopRuntime() throws Exception {
    if (containerd != null) {
      containerd.stop();
    }
  }

  @Override
  void talker(TestMesh mesh, String name) throws Exception {
    var pod = TestMesh.pod(name, "Always");
    TestMesh.container(pod, "main", TestImages.BUSYBOX, "-c", FullDiskUnderProcessesTest.SCRIPT);
    ((ObjectNode) pod.at("/spec/containers/0")).putArray("command").add("sh");
    mesh.create(pod);
  }

  @Override
  int linesThatFillAPipe() {
    return 40;
  }
}
