package io.hubspoke.streams.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of frames, wherever they are cut. */
final class FrameReaderTest {
  private final Recorder recorder = new Recorder();

  @ParameterizedTest
  @ValueSource(strings = {"81", "8185371213", "818500", "8185000000"})
  void whatEndsWithinAHeaderIsWaitedFor(String hex) {
    read(true, hex);
    assertThat(recorder.told).isEmpty();
  }

  @Test
  void theExamplesOfTheStandardAreRead() {
    // RFC 6455, 5.7.
    read(true, "818537fa213d7f9f4d5158");
    read(true, "898537fa213d7f9f4d5158");
    assertThat(recorder.told).containsExactly("data true true Hello", "ping Hello");
    recorder.told.clear();
    read(false, "010348656c80026c6f");
    assertThat(recorder.told).containsExactly("data true false Hel", "data false true lo");
  }

  @Test
  void closesHaveACodeAndAReasonOrNone() {
    read(false, "8800");
    assertThat(recorder.told).containsExactly("close 1005 ");
    recorder.told.clear();
    read(false, "880503e8627965" + "ffff");
    assertThat(recorder.told).containsExactly("close 1000 bye");
  }

  @ParameterizedTest
  @CsvSource({
    "8105, true, is not masked",
    "8180, false, is masked",
    "8000, false, a continuation of no message",
    "01008100, false, a message begins within another",
    "0900, false, fragmented",
    "897e, false, longer than 125",
    "8300, false, unknown opcode 3",
    "8b00, false, unknown opcode 11",
    "c100, false, reserved bits",
    "817e0001, false, shortest form",
    "817f0000000000000001, false, shortest form",
    "817fffffffffffffffff, false, above 2^63",
    "880103, false, close code 0",
    "880203ed, false, close code 1005",
    "880303e8ff, false, not UTF-8",
  })
  void whatBreaksTheProtocolIsSaid(String hex, boolean masked, String why) {
    assertThatThrownBy(() -> read(masked, hex))
        .isInstanceOf(WebSocketException.class)
        .hasMessageContaining(why);
  }

  private void read(boolean masked, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    new FrameReader(masked, recorder).read(Unpooled.wrappedBuffer(bytes));
  }

  /** Notes what it is told. */
  private static final class Recorder implements FrameReader.Sink {
    private final List<String> told = new ArrayList<>();

    @Override
    public void data(boolean first, boolean last, ByteBuf payload) {
      told.add("data " + first + " " + last + " " + payload.toString(StandardCharsets.UTF_8));
      payload.release();
    }

    @Override
    public void ping(byte[] payload) {
      told.add("ping " + new String(payload, StandardCharsets.UTF_8));
    }

    @Override
    public void pong(byte[] payload) {
      told.add("pong " + new String(payload, StandardCharsets.UTF_8));
    }

    @Override
    public void close(int code, String reason) {
      told.add("close " + code + " " + reason);
    }
  }
}
