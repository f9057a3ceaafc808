package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a kubelet that was killed has left, when the next one starts. */
class PodLeftoversTest {
  @TempDir private Path directory;

  @Test
  void logsOfPodsThatAreGoneGoAndOthersStay() throws Exception {
    TestNode node = new TestNode(directory, "127.10.123.1");
    try {
      node.pod("here", "hubspoke/ticker", p -> p);
      String uid = node.apiserver.get(TestNode.PODS + "here").path("metadata").path("uid").asText();
      Path gone = log("default_gone_4711");
      Path here = log("default_here_" + uid);
      Path foreign = log("somebody");

      node.start(o -> o.podCidr("127.20.123.0/24"));
      Await.until("the pod's that is gone go", () -> !Files.exists(gone));

      assertThat(here).exists();
      assertThat(foreign).exists();
    } finally {
      node.stop();
    }
  }

  private Path log(String pod) throws Exception {
    Path file = directory.resolve("logs").resolve(pod).resolve("old/7.log");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "said before");
    return file.getParent().getParent();
  }
}
