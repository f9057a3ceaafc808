package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.pki.AtomicFile;
import io.vertx.core.buffer.Buffer;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes all objects of a store into a file, and reads them again: a header, the revision, each
 * entry, and a SHA-256 digest of it all. The file holds every secret, so its owner alone may read
 * it.
 */
public final class SnapshotFile {
  private static final byte[] HEADER = "hubspoke store 1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGEST = 32;

  private SnapshotFile() {}

  /** Replaces the file as a whole; it is on the disk when this returns. */
  public static void write(Path file, Snapshot snapshot) throws IOException {
    AtomicFile.writePrivate(file, out -> write(out, snapshot));
  }

  private static void write(OutputStream file, Snapshot snapshot) throws IOException {
    MessageDigest digest = sha256();
    DataOutputStream out =
        new DataOutputStream(
            new BufferedOutputStream(new DigestOutputStream(file, digest), 1 << 16));
    out.write(HEADER);
    out.writeLong(snapshot.revision());
    out.writeInt(snapshot.entries().size());
    for (Entry entry : snapshot.entries().values()) {
      bytes(out, entry.key().getBytes(StandardCharsets.UTF_8));
      out.writeLong(entry.revision());
      bytes(out, entry.value().getBytes());
    }
    out.flush();
    file.write(digest.digest());
  }

  private static void bytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /**
   * Returns what the file holds; null when there is none.
   *
   * @throws IOException when the file can't be read, or isn't what was written once
   */
  public static Snapshot read(Path file) throws IOException {
    if (Files.notExists(file)) {
      return null;
    }
    byte[] all = Files.readAllBytes(file);
    int end = all.length - DIGEST;
    if (end < HEADER.length || !Arrays.equals(all, 0, HEADER.length, HEADER, 0, HEADER.length)) {
      throw new IOException(file + " is no snapshot of a store");
    }
    MessageDigest digest = sha256();
    digest.update(all, 0, end);
    if (!Arrays.equals(digest.digest(), 0, DIGEST, all, end, all.length)) {
      throw new IOException(
          file + " is damaged: its content does not match its digest; move it away to begin anew");
    }
    DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(all, HEADER.length, end - HEADER.length));
    long revision = in.readLong();
    int size = in.readInt();
    List<String> keys = new ArrayList<>();
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String key = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
      long changed = in.readLong();
      keys.add(key);
      entries.add(new Entry(key, Buffer.buffer(in.readNBytes(in.readInt())), changed));
    }
    return new Snapshot(revision, PersistentMap.ofSorted(keys, entries));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("no SHA-256 in this JDK", e);
    }
  }
}
