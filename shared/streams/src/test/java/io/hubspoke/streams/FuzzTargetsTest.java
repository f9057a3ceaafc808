package io.hubspoke.streams;

import io.hubspoke.streams.spdy.SpdyBytes;
import io.hubspoke.streams.websocket.ChannelPayloads;
import io.hubspoke.streams.websocket.WebSocketFrames;
import io.hubspoke.testing.FuzzTargets;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The fuzz targets, each with its seeds. */
class FuzzTargetsTest {
  private static final Map<String, Consumer<byte[]>> TARGETS =
      Map.of(
          "spdy.SpdyBytes", SpdyBytes::fuzzerTestOneInput,
          "websocket.ChannelPayloads", ChannelPayloads::fuzzerTestOneInput,
          "websocket.WebSocketFrames", WebSocketFrames::fuzzerTestOneInput);

  @TestFactory
  Stream<DynamicTest> nothingThatIsSentBreaksWhatReadsIt() {
    return FuzzTargets.tests(TARGETS, 100);
  }
}
