package io.hubspoke.tunnel.konnectivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.hubspoke.tunnel.konnectivity.wire.Data;
import io.hubspoke.tunnel.konnectivity.wire.PacketType;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PacketCodecTest {
  private final Random random = new Random(7);

  @Test
  void packetsAreWrittenAsTheGeneratedMessagesWriteThem() throws Exception {
    for (int i = 0; i < 2000; i++) {
      Packet packet = packet(i % 8);
      Buffer bytes = PacketCodec.encode(packet);
      assertThat(bytes.getBytes()).isEqualTo(PacketCodec.message(packet).toByteArray());
      assertThat(PacketCodec.decode(bytes)).contains(packet);
    }
  }

  @Test
  void bytesOfDataAreSharedNotCopied() throws Exception {
    byte[] memory = "0123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    Buffer bytes = BufferInternal.buffer(Unpooled.wrappedBuffer(memory));
    Buffer written = PacketCodec.encode(new Packet.Data(5, "", bytes));
    memory[0] = 'x';
    assertThat(written.toString()).endsWith("x123456789");
    byte[] received = written.getBytes();
    var read =
        (Packet.Data)
            PacketCodec.decode(BufferInternal.buffer(Unpooled.wrappedBuffer(received)))
                .orElseThrow();
    received[received.length - 1] = 'y';
    assertThat(read.bytes().toString()).isEqualTo("x12345678y");
  }

  @Test
  void dataInAnyOrderOfItsFieldsIsRead() throws Exception {
    byte[] type = {8, 4};
    byte[] data =
        io.hubspoke.tunnel.konnectivity.wire.Packet.newBuilder()
            .setData(
                Data.newBuilder()
                    .setConnectID(-3)
                    .setError("no")
                    .setData(ByteString.copyFromUtf8("b")))
            .build()
            .toByteArray();
    assertThat(PacketCodec.decode(Buffer.buffer(data).appendBytes(type)))
        .contains(new Packet.Data(-3, "no", Buffer.buffer("b")));
  }

  @Test
  void whatATypeLacksIsEmpty() throws Exception {
    assertThat(PacketCodec.decode(Buffer.buffer(new byte[] {8, 4})))
        .contains(new Packet.Data(0, "", Buffer.buffer()));
    assertThat(PacketCodec.decode(Buffer.buffer())).contains(new Packet.DialRequest("", "", 0));
  }

  @Test
  void typesOfLaterVersionsArePassedOver() throws Exception {
    var packet = io.hubspoke.tunnel.konnectivity.wire.Packet.newBuilder().setTypeValue(77).build();
    assertThat(packet.getType()).isEqualTo(PacketType.UNRECOGNIZED);
    assertThat(PacketCodec.decode(Buffer.buffer(packet.toByteArray()))).isEmpty();
  }

  @Test
  void whatIsNoPacketIsRefused() {
    for (String bytes : List.of("\u0008", "\u0008\u0004\"\u007f", "hello")) {
      assertThatThrownBy(() -> PacketCodec.decode(Buffer.buffer(bytes)))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("not a packet: ");
    }
  }

  private Packet packet(int kind) {
    long id = random.nextLong() >>> random.nextInt(64);
    String text = random.nextBoolean() ? "" : "text " + random.nextInt();
    return switch (kind) {
      case 0 -> new Packet.DialRequest("tcp", text, id);
      case 1 -> new Packet.DialResponse(text, id, random.nextLong());
      case 2 -> new Packet.CloseRequest(id);
      case 3 -> new Packet.CloseResponse(text, id);
      case 4 -> {
        byte[] bytes = new byte[random.nextInt(1 << random.nextInt(17))];
        random.nextBytes(bytes);
        yield new Packet.Data(id, random.nextInt(4) == 0 ? text : "", Buffer.buffer(bytes));
      }
      case 5 -> new Packet.CloseDial(id);
      case 6 -> new Packet.Drain();
      default -> new Packet.Credit(id, random.nextLong());
    };
  }
}
