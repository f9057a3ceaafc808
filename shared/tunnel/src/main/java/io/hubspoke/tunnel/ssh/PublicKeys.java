package io.hubspoke.tunnel.ssh;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.common.digest.BuiltinDigests;

/** Public keys by which somebody is known: a server, or those who may log in. */
public record PublicKeys(List<PublicKey> keys) {
  /** Keys and bytes of a line that are read at most: their number is others' choice. */
  private static final int MAX_KEYS = 256;

  private static final int MAX_LINE = 16 * 1024;

  static {
    JdkSecurity.use();
  }

  public PublicKeys {
    keys = List.copyOf(keys);
  }

  /**
   * Reads a file of keys.
   *
   * @throws IOException naming the file
   */
  public static PublicKeys read(Path file) throws IOException {
    try {
      return parse(Files.readString(file));
    } catch (FileSystemException named) {
      throw named;
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads keys as they are in {@code .pub} and {@code authorized_keys} files, a line each; empty
   * lines and those that begin with {@code #} count for nothing. A line with options before the key
   * is refused: what is not understood might forbid something.
   *
   * @throws IllegalArgumentException naming the line that can't be read
   */
  public static PublicKeys parse(String text) {
    List<PublicKey> keys = new ArrayList<>();
    for (String line : text.lines().map(String::strip).toList()) {
      if (!line.isEmpty() && line.charAt(0) != '#') {
        if (keys.size() == MAX_KEYS) {
          throw new IllegalArgumentException("there must be at most " + MAX_KEYS + " keys");
        }
        keys.add(key(line));
      }
    }
    return new PublicKeys(keys);
  }

  private static PublicKey key(String line) {
    String shown = line.length() > 40 ? line.substring(0, 40) + "..." : line;
    try {
      PublicKeyEntry entry =
          line.length() > MAX_LINE ? null : PublicKeyEntry.parsePublicKeyEntry(line);
      PublicKey key =
          entry == null
              ? null
              : entry.resolvePublicKey(null, Map.of(), PublicKeyEntryResolver.FAILING);
      if (key != null) {
        return key;
      }
    } catch (IOException | GeneralSecurityException | RuntimeException malformed) {
      // Said below, in one way whatever is wrong.
    }
    throw new IllegalArgumentException("\"" + shown + "\" is not a public key of SSH");
  }

  public boolean contain(PublicKey key) {
    return keys.stream().anyMatch(known -> KeyUtils.compareKeys(known, key));
  }

  /** Returns the keys as lines that {@link #parse} reads, without comments. */
  public String lines() {
    return keys.stream().map(key -> PublicKeyEntry.toString(key)).collect(Collectors.joining("\n"));
  }

  /** Returns what people compare, of all keys. */
  public String fingerprints() {
    return keys.stream().map(PublicKeys::fingerprint).collect(Collectors.joining(", "));
  }

  /** Returns what people compare: {@code SHA256:} and the digest, as ssh-keygen shows it. */
  public static String fingerprint(PublicKey key) {
    return KeyUtils.getFingerPrint(BuiltinDigests.sha256, key);
  }
}
