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
import java.nio.charset.StandardCharsets;

/** What a server says on an agent's stream, packet by packet. */
record ForeignStream(RawGrpcCall call) {
  void send(Packet.Builder packet) {
    call.send(packet.build().toByteArray()).otherwiseEmpty();
  }

  Packet next() throws Exception {
    return Packet.parseFrom(call.next().getBytes());
  }

  Packet next(PacketType type) throws Exception {
    var packet = next();
    assertThat(packet.getType()).as(packet.toString()).isEqualTo(type);
    return packet;
  }

  void dial(long random, String address) {
    dial(random, "tcp", address);
  }

  void dial(long random, String protocol, String address) {
    send(
        Packet.newBuilder()
            .setType(PacketType.DIAL_REQ)
            .setDialRequest(
                DialRequest.newBuilder()
                    .setProtocol(protocol)
                    .setAddress(address)
                    .setRandom(random)));
  }

  /** Dials, and returns the connection's id. */
  long connect(long random, String address) throws Exception {
    dial(random, address);
    var answer = dialled();
    assertThat(answer.getError()).isEmpty();
    assertThat(answer.getRandom()).isEqualTo(random);
    return answer.getConnectID();
  }

  DialResponse dialled() throws Exception {
    return next(PacketType.DIAL_RSP).getDialResponse();
  }

  void cancel(long random) {
    send(
        Packet.newBuilder()
            .setType(PacketType.DIAL_CLS)
            .setCloseDial(CloseDial.newBuilder().setRandom(random)));
  }

  void data(long id, String text) {
    data(id, text.getBytes(StandardCharsets.UTF_8));
  }

  void data(long id, byte[] bytes) {
    send(
        Packet.newBuilder()
            .setType(PacketType.DATA)
            .setData(Data.newBuilder().setConnectID(id).setData(ByteString.copyFrom(bytes))));
  }

  /** Reads as many bytes of one connection, and nothing else. */
  String read(long id, int length) throws Exception {
    var text = new StringBuilder();
    while (text.length() < length) {
      var data = next(PacketType.DATA).getData();
      assertThat(data.getConnectID()).isEqualTo(id);
      text.append(data.getData().toStringUtf8());
    }
    return text.toString();
  }

  void close(long id) {
    send(
        Packet.newBuilder()
            .setType(PacketType.CLOSE_REQ)
            .setCloseRequest(CloseRequest.newBuilder().setConnectID(id)));
  }

  CloseResponse closed() throws Exception {
    return next(PacketType.CLOSE_RSP).getCloseResponse();
  }
}
