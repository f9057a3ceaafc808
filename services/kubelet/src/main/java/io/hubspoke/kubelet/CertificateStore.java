package io.hubspoke.kubelet;

import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/**
 * Keeps a certificate and its key in one file of {@code --cert-dir}, found by the link {@code
 * <name>-current.pem}, as the kubelet's certificate manager does. Files are readable by their owner
 * alone.
 */
final class CertificateStore {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyy-MM-dd-HH-mm-ss").withZone(ZoneOffset.UTC);

  private final Path directory;
  private final String name;

  /**
   * Makes a store.
   *
   * @param name such as {@code kubelet-client}
   */
  CertificateStore(Path directory, String name) {
    this.directory = directory;
    this.name = name;
  }

  Path currentFile() {
    return directory.resolve(name + "-current.pem");
  }

  /** Returns the certificate kept, unless there is none or it is past its time. */
  Optional<Identity> current() throws IOException {
    if (!Files.exists(currentFile())) {
      return Optional.empty();
    }
    Identity identity = Identity.read(currentFile(), currentFile());
    Instant end = identity.certificate().getNotAfter().toInstant();
    return end.isBefore(Instant.now()) ? Optional.empty() : Optional.of(identity);
  }

  /** Keeps a certificate, and makes the link point to it. */
  void replace(Identity identity) throws IOException {
    Path file = directory.resolve(name + "-" + STAMP.format(Instant.now()) + ".pem");
    identity.write(file);
    Path link = directory.resolve("." + name + "-current.pem.new");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, file.getFileName());
    Path before =
        Files.isSymbolicLink(currentFile()) ? Files.readSymbolicLink(currentFile()) : null;
    Files.move(
        link, currentFile(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    dropPending();
    dropOlder(file.getFileName(), before);
  }

  /** Keeps the last certificate beside the new one: somebody may be reading it. */
  private void dropOlder(Path current, Path before) throws IOException {
    try (DirectoryStream<Path> kept = Files.newDirectoryStream(directory, name + "-2*.pem")) {
      for (Path file : kept) {
        Path found = file.getFileName();
        if (!found.equals(current) && !found.equals(before)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /**
   * Returns a request for this subject and these names with its key; the same after a restart, so
   * that an answer that came meanwhile is found.
   */
  PendingRequest pending(Subject subject, SubjectAltNames altNames) throws IOException {
    Path keyFile = directory.resolve(name + ".key.tmp");
    Path requestFile = directory.resolve(name + ".csr.tmp");
    if (Files.exists(keyFile) && Files.exists(requestFile)) {
      try {
        String pem = Files.readString(requestFile);
        Csr kept = Csr.parse(pem);
        PrivateKey key = Pem.readPrivateKey(keyFile);
        if (kept.subject().equals(subject) && kept.altNames().equals(altNames)) {
          return new PendingRequest(key, pem);
        }
      } catch (IllegalArgumentException torn) {
        // A new one is made below.
      }
    }
    KeyPair pair = KeyPairs.generate();
    String pem = Csr.create(subject, altNames, pair);
    Pem.writePrivateKey(keyFile, pair.getPrivate());
    AtomicFile.writePrivate(requestFile, pem);
    return new PendingRequest(pair.getPrivate(), pem);
  }

  /** Forgets a request: it was answered, or never will be. */
  void dropPending() throws IOException {
    Files.deleteIfExists(directory.resolve(name + ".key.tmp"));
    Files.deleteIfExists(directory.resolve(name + ".csr.tmp"));
  }

  /** A request in PEM, and the key that never leaves this machine. */
  record PendingRequest(PrivateKey key, String pem) {
    @Override
    public String toString() {
      return "PendingRequest[...]";
    }
  }
}
