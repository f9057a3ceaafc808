package io.hubspoke.apiserver.registry;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Compresses a body piece by piece; must be closed when it is not taken to its end. */
final class GzipPieces implements Iterator<Buffer>, AutoCloseable {
  private static final int PIECE = 32 * 1024;

  private final Iterator<Buffer> source;
  private final ByteArrayOutputStream compressed = new ByteArrayOutputStream(2 * PIECE);
  private final FastGzip gzip;
  private boolean closed;

  /** Compresses as fast as can be, as the real apiserver does. */
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(ByteArrayOutputStream out) throws IOException {
      super(out, PIECE);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  GzipPieces(Iterator<Buffer> source) {
    this.source = source;
    try {
      this.gzip = new FastGzip(compressed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean hasNext() {
    return !closed;
  }

  @Override
  public Buffer next() {
    try {
      while (compressed.size() < PIECE && source.hasNext()) {
        byte[] piece = source.next().getBytes();
        gzip.write(piece, 0, piece.length);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!source.hasNext()) {
      close();
    }
    Buffer piece = Buffer.buffer(compressed.toByteArray());
    compressed.reset();
    return piece;
  }

  /** Writes the end and gives back the memory of the compressor. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        gzip.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
