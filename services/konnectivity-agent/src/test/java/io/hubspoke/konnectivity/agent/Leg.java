package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.hubspoke.testing.RawGrpcCall;
import io.hubspoke.tunnel.konnectivity.wire.CloseDial;
import io.hubspoke.tunnel.konnectivity.wire.CloseRequest;
import io.hubspoke.tunnel.konnectivity.wire.CloseResponse;
import io.hubspoke.tunnel.konnectivity.wire.Data;
import io.hubspoke.tunnel.konnectivity.wire.DialRequest;
import io.hubspoke.tunnel.konnectivity.wire.DialResponse;
import io.hubspoke.tunnel.konnectivity.wire.Packet;
import io.hubspoke.tunnel.konnectivity.wire.PacketType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One leg of a conversation: says the lines of one end, and hears those of the other. */
final class Leg {
  private static final int FIRST_RANDOM = 7000;

  private final RawGrpcCall call;
  private final UnaryOperator<String> addresses;
  private final Map<String, Long> dials = new HashMap<>();
  private final Map<String, Long> connections = new HashMap<>();
  private final List<Packet> heard = new ArrayList<>();
  private final List<Conversation.Line> tolerated = new ArrayList<>();

  /**
   * @param addresses puts in what stands in braces
   */
  Leg(RawGrpcCall call, UnaryOperator<String> addresses) {
    this.call = call;
    this.addresses = addresses;
  }

  void say(Conversation.Line line) {
    switch (line.type()) {
      case "END" -> call.end();
      case "CANCEL" -> call.cancel();
      default -> call.send(packet(line).toByteArray()).otherwiseEmpty();
    }
  }

  private Packet packet(Conversation.Line line) {
    var packet = Packet.newBuilder();
    switch (line.type()) {
      case "DIAL_REQ" -> {
        packet.setType(PacketType.DIAL_REQ);
        if (line.has("dial")) {
          packet.setDialRequest(
              DialRequest.newBuilder()
                  .setProtocol(line.get("protocol"))
                  .setAddress(addresses.apply(line.get("address")))
                  .setRandom(dial(line)));
        }
      }
      case "DIAL_RSP" ->
          packet
              .setType(PacketType.DIAL_RSP)
              .setDialResponse(
                  DialResponse.newBuilder()
                      .setError(addresses.apply(line.get("error")))
                      .setConnectID(line.has("connection") ? connection(line) : 0)
                      .setRandom(dial(line)));
      case "DIAL_CLS" ->
          packet
              .setType(PacketType.DIAL_CLS)
              .setCloseDial(CloseDial.newBuilder().setRandom(dial(line)));
      case "DATA" ->
          packet
              .setType(PacketType.DATA)
              .setData(Data.newBuilder().setConnectID(connection(line)).setData(data(line)));
      case "CLOSE_REQ" ->
          packet
              .setType(PacketType.CLOSE_REQ)
              .setCloseRequest(CloseRequest.newBuilder().setConnectID(connection(line)));
      case "CLOSE_RSP" ->
          packet
              .setType(PacketType.CLOSE_RSP)
              .setCloseResponse(
                  CloseResponse.newBuilder()
                      .setError(line.get("error"))
                      .setConnectID(connection(line)));
      case "DRAIN" -> packet.setType(PacketType.DRAIN);
      case "UNKNOWN" -> packet.setTypeValue(Integer.parseInt(line.get("type")));
      default -> throw new IllegalArgumentException(line.toString());
    }
    return packet.build();
  }

  private long dial(Conversation.Line line) {
    return dials.computeIfAbsent(line.get("dial"), symbol -> FIRST_RANDOM + Long.parseLong(symbol));
  }

  private long connection(Conversation.Line line) {
    return connections.computeIfAbsent(line.get("connection"), Long::parseLong);
  }

  private static ByteString data(Conversation.Line line) {
    return line.has("bytes")
        ? ByteString.copyFrom(new byte[Integer.parseInt(line.get("bytes"))])
        : ByteString.copyFromUtf8(line.get("data"));
  }

  /** Waits for what the line says; packets of other connections may come before it. */
  void hear(Conversation.Line line) throws Exception {
    if (line.optional()) {
      tolerated.add(line);
    } else if (line.type().equals("END")) {
      assertThat(call.ended()).as(line.toString()).isEqualTo("OK");
    } else if (line.type().equals("DATA")) {
      hearData(line);
    } else {
      var packet = next(line);
      assertThat(isSaidBy(packet, line)).as("expected %s, but heard %s", line, packet).isTrue();
    }
  }

  private void hearData(Conversation.Line line) throws Exception {
    var left = data(line);
    while (!left.isEmpty()) {
      var packet = next(line);
      assertThat(packet.getType())
          .as("expected %s, but heard %s", line, packet)
          .isEqualTo(PacketType.DATA);
      var bytes = packet.getData().getData();
      var length = Math.min(bytes.size(), left.size());
      assertThat(bytes.substring(0, length))
          .as(line.toString())
          .isEqualTo(left.substring(0, length));
      left = left.substring(length);
      if (length < bytes.size()) {
        var rest = packet.getData().toBuilder().setData(bytes.substring(length));
        heard.addFirst(packet.toBuilder().setData(rest).build());
      }
    }
  }

  /** Takes the first packet that is about the line's dial or connection. */
  private Packet next(Conversation.Line line) throws Exception {
    while (true) {
      for (var packet : heard) {
        if (isAbout(packet, line)) {
          heard.remove(packet);
          return packet;
        }
      }
      try {
        heard.add(Packet.parseFrom(call.next().getBytes()));
      } catch (AssertionError nothing) {
        throw new AssertionError("expected %s; heard instead: %s".formatted(line, heard), nothing);
      }
      heard.removeIf(this::isTolerated);
    }
  }

  private boolean isTolerated(Packet packet) {
    return tolerated.stream().anyMatch(line -> isAbout(packet, line) && isSaidBy(packet, line));
  }

  private boolean isAbout(Packet packet, Conversation.Line line) {
    if (packet.getType().name().startsWith("DIAL_") != line.type().startsWith("DIAL_")) {
      return false;
    }
    var known =
        line.type().startsWith("DIAL_")
            ? dials.get(line.get("dial"))
            : connections.get(line.get("connection"));
    return known == null ? packet.getType().name().equals(line.type()) : number(packet) == known;
  }

  private static long number(Packet packet) {
    return switch (packet.getType()) {
      case DIAL_REQ -> packet.getDialRequest().getRandom();
      case DIAL_RSP -> packet.getDialResponse().getRandom();
      case DIAL_CLS -> packet.getCloseDial().getRandom();
      case DATA -> packet.getData().getConnectID();
      case CLOSE_REQ -> packet.getCloseRequest().getConnectID();
      case CLOSE_RSP -> packet.getCloseResponse().getConnectID();
      case DRAIN, CREDIT, UNRECOGNIZED -> -1;
    };
  }

  /** Returns whether the packet says what the line does, and learns its numbers. */
  private boolean isSaidBy(Packet packet, Conversation.Line line) {
    if (!packet.getType().name().equals(line.type())) {
      return false;
    }
    if (line.has("dial")) {
      dials.putIfAbsent(line.get("dial"), number(packet));
    } else if (line.has("connection")) {
      connections.putIfAbsent(line.get("connection"), number(packet));
    }
    return switch (packet.getType()) {
      case DIAL_REQ ->
          isLike(packet.getDialRequest().getProtocol(), line.get("protocol"))
              && isLike(packet.getDialRequest().getAddress(), line.get("address"));
      case DIAL_RSP -> {
        var response = packet.getDialResponse();
        if (line.has("connection")) {
          connections.putIfAbsent(line.get("connection"), response.getConnectID());
        }
        yield isLike(response.getError(), line.get("error"))
            && response.getConnectID()
                == (line.has("connection") ? connections.get(line.get("connection")) : 0);
      }
      case CLOSE_RSP -> isLike(packet.getCloseResponse().getError(), line.get("error"));
      case CLOSE_REQ, DIAL_CLS, DRAIN -> true;
      case DATA, CREDIT, UNRECOGNIZED -> false;
    };
  }

  private boolean isLike(String heard, String expected) {
    var pattern =
        Stream.of(addresses.apply(expected).split("\\*", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return heard.matches("(?s)" + pattern);
  }

  /** Fails when something was heard that the conversation doesn't have. */
  void nothingElse() throws Exception {
    for (var more = call.poll(); more != null; more = call.poll()) {
      heard.add(Packet.parseFrom(more.getBytes()));
    }
    heard.removeIf(this::isTolerated);
    assertThat(heard).as("heard beside the conversation").isEmpty();
  }
}
