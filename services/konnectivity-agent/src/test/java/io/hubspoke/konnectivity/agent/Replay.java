package io.hubspoke.konnectivity.agent;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hubspoke.konnectivity.agent.Conversation.Line;
import io.hubspoke.konnectivity.agent.Conversation.Segment;
import io.hubspoke.testing.RawGrpcCall;
import io.hubspoke.testing.TcpEndpoint;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** Holds a conversation with one end of it. */
final class Replay implements AutoCloseable {
  private final TcpEndpoint echo = TcpEndpoint.echo();
  private final TcpEndpoint bye =
      new TcpEndpoint(
          socket -> {
            if (socket.getInputStream().read() >= 0) {
              socket.getOutputStream().write("bye".getBytes(US_ASCII));
            }
          });
  private final TcpEndpoint silent = new TcpEndpoint(socket -> new CountDownLatch(1).await());
  private final String refused = TcpEndpoint.refused();

  Replay() throws IOException {}

  private String addresses(String text) {
    return text.replace("{echo}", echo.address())
        .replace("{bye}", bye.address())
        .replace("{silent}", silent.address())
        .replace("{refused}", refused);
  }

  /**
   * Holds it with a server, in place of client and agent.
   *
   * @param agent null when it has none
   */
  void withServer(Conversation conversation, RawGrpcCall client, RawGrpcCall agent)
      throws Exception {
    Map<Segment, Leg> legs = new EnumMap<>(Segment.class);
    var clients = new Leg(client, this::addresses);
    legs.put(Segment.FROM_CLIENT, clients);
    legs.put(Segment.TO_CLIENT, clients);
    if (agent != null) {
      var agents = new Leg(agent, this::addresses);
      legs.put(Segment.FROM_AGENT, agents);
      legs.put(Segment.TO_AGENT, agents);
    }
    for (var line : conversation.lines()) {
      switch (line.segment()) {
        case FROM_CLIENT, FROM_AGENT -> legs.get(line.segment()).say(line);
        case TO_CLIENT, TO_AGENT -> legs.get(line.segment()).hear(line);
      }
    }
    for (var leg : legs.values()) {
      leg.nothingElse();
    }
  }

  /** Holds it with an agent, in place of the server. */
  void withAgent(Conversation conversation, RawGrpcCall agent) throws Exception {
    var leg = new Leg(agent, this::addresses);
    for (Line line : conversation.lines()) {
      switch (line.segment()) {
        case TO_AGENT -> leg.say(line);
        case FROM_AGENT -> leg.hear(line);
        case FROM_CLIENT, TO_CLIENT -> {}
      }
    }
    leg.nothingElse();
  }

  @Override
  public void close() {
    echo.close();
    bye.close();
    silent.close();
  }
}
