package io.hubspoke.lab.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class RecordingTest {
  @Test
  void whatIsRecordedLaterIsNotInASnapshot() {
    var recording = new Recording(20);
    recording.add(1, Direction.OUTBOUND, Unpooled.wrappedBuffer(new byte[] {0x16, 0x03}));
    var taken = recording.snapshot();
    recording.add(1, Direction.OUTBOUND, Unpooled.copiedBuffer("canary", UTF_8));
    recording.add(2, Direction.OUTBOUND, Unpooled.copiedBuffer("SSH-2.0-and more", UTF_8));

    assertThat(taken.bytesSeen()).isEqualTo(2);
    assertThat(taken.connections()).isEqualTo(1);
    assertThat(taken.tlsConnections()).isEqualTo(1);
    assertThat(taken.find("canary")).isEmpty();
    assertThat(taken.truncated()).isFalse();
    assertThat(recording.find("canary")).isPresent();
    assertThat(recording.sshConnections()).isEqualTo(1);
    assertThat(recording.truncated()).isTrue();
  }
}
