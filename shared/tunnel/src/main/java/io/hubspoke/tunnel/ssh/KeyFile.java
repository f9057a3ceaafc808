package io.hubspoke.tunnel.ssh;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Optional;
import java.util.Set;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.util.security.SecurityUtils;

/** Reads private keys as OpenSSH and PEM files hold them, and makes those that are missing. */
public final class KeyFile {
  static {
    JdkSecurity.use();
  }

  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private KeyFile() {}

  private static boolean isOwn(Path file) throws IOException {
    return Files.getFileStore(file).supportsFileAttributeView(PosixFileAttributeView.class)
        && ProcessHandle.current()
            .info()
            .user()
            .equals(Optional.of(Files.getOwner(file).getName()));
  }

  /**
   * Reads a key without a passphrase. Of a file that is this process's user's own nobody else may
   * have rights, as OpenSSH has it; others' files, such as mounted secrets, are theirs to guard.
   *
   * @throws IOException naming the file, when it can't be read, holds none, or is open to others
   */
  public static KeyPair read(Path file) throws IOException {
    if (isOwn(file)) {
      Set<PosixFilePermission> open = Files.getPosixFilePermissions(file);
      if (open.stream().anyMatch(OTHERS::contains)) {
        throw new IOException(
            "%s: others have rights to this private key (%s): run chmod 600 on it"
                .formatted(file, PosixFilePermissions.toString(open)));
      }
    }
    try (InputStream in = Files.newInputStream(file)) {
      Iterable<KeyPair> pairs =
          SecurityUtils.loadKeyPairIdentities(
              null, NamedResource.ofName(file.toString()), in, FilePasswordProvider.EMPTY);
      if (pairs != null && pairs.iterator().hasNext()) {
        return pairs.iterator().next();
      }
    } catch (FileSystemException named) {
      throw named;
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    throw new IOException(file + ": holds no private key");
  }

  /**
   * Reads a key, or makes an Ed25519 key where there is no file: readable by its owner alone, with
   * its public half beside it under the same name and {@code .pub}.
   */
  public static KeyPair readOrMake(Path file, String comment) throws IOException {
    if (!Files.exists(file)) {
      make(file, comment);
    }
    return read(file);
  }

  private static void make(Path file, String comment) throws IOException {
    KeyPair pair;
    ByteArrayOutputStream secret = new ByteArrayOutputStream();
    try {
      pair = KeyPairGenerator.getInstance(SecurityUtils.ED25519).generateKeyPair();
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(pair, comment, null, secret);
    } catch (GeneralSecurityException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    if (file.toAbsolutePath().getParent() != null) {
      Files.createDirectories(file.toAbsolutePath().getParent());
    }
    if (!put(file, secret.toByteArray(), "rw-------")) {
      // Another one made it at the same moment: its key it is.
      return;
    }
    Path beside = file.resolveSibling(file.getFileName() + ".pub");
    Files.deleteIfExists(beside);
    String line = PublicKeyEntry.toString(pair.getPublic()) + " " + comment + "\n";
    put(beside, line.getBytes(StandardCharsets.UTF_8), "rw-r--r--");
  }

  /** Writes a file that nobody ever sees in part; returns false when there is one already. */
  private static boolean put(Path file, byte[] content, String permissions) throws IOException {
    FileAttribute<?> mode =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
    Path directory = file.toAbsolutePath().getParent();
    Path written = Files.createTempFile(directory, "." + file.getFileName(), ".new", mode);
    try {
      Files.write(written, content);
      Files.createLink(file, written);
      return true;
    } catch (FileAlreadyExistsException first) {
      return false;
    } catch (UnsupportedOperationException noLinks) {
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } finally {
      Files.deleteIfExists(written);
    }
  }
}
