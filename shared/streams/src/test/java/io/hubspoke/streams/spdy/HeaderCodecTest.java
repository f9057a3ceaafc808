package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.util.Map;
import java.util.zip.Adler32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

/** Against zlib itself and Netty's codec, which share no code with ours. */
class HeaderCodecTest {
  private static final Map<String, String> HEADERS =
      Map.of("streamtype", "data", "port", "8080", "requestid", "17");

  @Test
  void theDictionaryIsTheOneOfTheProtocol() {
    Adler32 checksum = new Adler32();
    checksum.update(HeaderDictionary.BYTES);
    assertThat(HeaderDictionary.BYTES).hasSize(1423);
    assertThat((int) checksum.getValue()).isEqualTo(HeaderDictionary.ID);
  }

  @Test
  void headersThatZlibCompressedAreReadBlockAfterBlock() throws Exception {
    Deflater deflater = new Deflater(9);
    deflater.setDictionary(HeaderDictionary.BYTES);
    HeaderDecoder decoder = new HeaderDecoder();
    for (int i = 0; i < 2000; i++) {
      Map<String, String> headers =
          Map.of(
              "streamtype",
              i % 2 == 0 ? "data" : "error",
              "requestid",
              "" + i,
              "x",
              "y".repeat(i % 300));
      byte[] block = new byte[4096];
      deflater.setInput(plain(headers));
      int length = deflater.deflate(block, 0, block.length, Deflater.SYNC_FLUSH);
      assertThat(decoder.decode(java.util.Arrays.copyOf(block, length))).isEqualTo(headers);
    }
    deflater.end();
  }

  @Test
  void nettyReadsWhatIsWritten() {
    EmbeddedChannel netty = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    HeaderEncoder encoder = new HeaderEncoder();
    for (int i = 1; i < 9; i += 2) {
      ByteBuf block = encoder.encode(HEADERS);
      ByteBuf frame = Unpooled.buffer();
      frame.writeInt(0x80030001).writeInt(10 + block.readableBytes());
      frame.writeInt(i).writeInt(0).writeShort(0).writeBytes(block);
      netty.writeInbound(frame);
      SpdySynStreamFrame read = netty.readInbound();
      assertThat(read.isInvalid()).isFalse();
      assertThat(read.isTruncated()).isFalse();
      assertThat(read.headers().getAsString("streamtype")).isEqualTo("data");
      assertThat(read.headers().getAsString("requestid")).isEqualTo("17");
    }
    netty.finishAndReleaseAll();
  }

  @Test
  void whatNettyWritesIsRead() throws Exception {
    EmbeddedChannel netty = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    HeaderDecoder decoder = new HeaderDecoder();
    for (int i = 1; i < 9; i += 2) {
      var frame = new DefaultSpdySynStreamFrame(i, 0, (byte) 0);
      HEADERS.forEach((name, value) -> frame.headers().set(name, value));
      netty.writeOutbound(frame);
      ByteBuf bytes = netty.readOutbound();
      assertThat(decoder.decode(ByteBufUtil.getBytes(bytes, 18, bytes.readableBytes() - 18)))
          .isEqualTo(HEADERS);
      bytes.release();
    }
    netty.finishAndReleaseAll();
  }

  @Test
  void aFewBytesThatUnpackToManyAreRefused() {
    Deflater deflater = new Deflater(9);
    deflater.setDictionary(HeaderDictionary.BYTES);
    deflater.setInput(new byte[8 << 20]);
    byte[] block = new byte[FrameReader.MAX_CONTROL];
    int length = deflater.deflate(block, 0, block.length, Deflater.SYNC_FLUSH);
    deflater.end();
    assertThatThrownBy(() -> new HeaderDecoder().decode(java.util.Arrays.copyOf(block, length)))
        .isInstanceOf(SpdyException.class)
        .hasMessageContaining("more than 32768 bytes");
  }

  @Test
  void whatIsNoZlibStreamIsRefused() {
    for (byte[] block :
        new byte[][] {{}, {0x78}, {1, 2, 3}, {0x78, 0x20, 0, 0, 0, 0}, {0x78, 0x20, 1}}) {
      assertThatThrownBy(() -> new HeaderDecoder().decode(block)).isInstanceOf(SpdyException.class);
    }
  }

  @Test
  void headersThatSayTheyAreLongerThanTheyAreAreRefused() {
    for (int[] words :
        new int[][] {
          {1}, {2, 1, 0x61000000}, {1, -1}, {Integer.MAX_VALUE}, {1, 0x7fffffff}, {-5}
        }) {
      ByteBuf plain = Unpooled.buffer();
      for (int word : words) {
        plain.writeInt(word);
      }
      Deflater deflater = new Deflater();
      deflater.setInput(ByteBufUtil.getBytes(plain));
      byte[] block = new byte[256];
      int length = deflater.deflate(block, 0, block.length, Deflater.SYNC_FLUSH);
      deflater.end();
      assertThatThrownBy(() -> new HeaderDecoder().decode(java.util.Arrays.copyOf(block, length)))
          .isInstanceOf(SpdyException.class);
    }
  }

  private static byte[] plain(Map<String, String> headers) {
    ByteBuf plain = Unpooled.buffer();
    plain.writeInt(headers.size());
    headers.forEach(
        (name, value) -> {
          plain.writeInt(name.length()).writeCharSequence(name, UTF_8);
          plain.writeInt(value.length()).writeCharSequence(value, UTF_8);
        });
    return ByteBufUtil.getBytes(plain);
  }
}
