package io.hubspoke.pki;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A private key with the certificate that names its owner.
 *
 * @param chain the owner's certificate first, then those of intermediate authorities
 */
public record Identity(PrivateKey key, List<X509Certificate> chain) {
  /** Checks that the key belongs to the first certificate. */
  public Identity {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("an identity needs a certificate");
    }
    if (!KeyPairs.match(key, chain.getFirst().getPublicKey())) {
      throw new IllegalArgumentException("the private key does not belong to the certificate");
    }
  }

  /** Returns the owner's own certificate. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** Returns the names in the owner's certificate. */
  public Subject subject() {
    return Subject.of(certificate());
  }

  /**
   * Reads a certificate chain and its key; both paths may name one file that holds both.
   *
   * @throws IOException when a file cannot be read
   * @throws IllegalArgumentException when a file does not hold what it should
   */
  public static Identity read(Path certificateFile, Path keyFile) throws IOException {
    if (certificateFile.equals(keyFile)) {
      // At once: it may be replaced meanwhile.
      String text = Pem.read(keyFile);
      try {
        return new Identity(Pem.parsePrivateKey(text), Pem.parseCertificates(text));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(keyFile + ": " + e.getMessage(), e);
      }
    }
    return new Identity(Pem.readPrivateKey(keyFile), Pem.readCertificates(certificateFile));
  }

  /** Writes the chain to one file and the key, readable by its owner only, to another. */
  public void write(Path certificateFile, Path keyFile) throws IOException {
    Pem.writePrivateKey(keyFile, key);
    Pem.writeCertificates(certificateFile, chain);
  }

  /** Writes chain and key to one file, readable by its owner only, as the kubelet keeps them. */
  public void write(Path file) throws IOException {
    AtomicFile.writePrivate(file, Pem.encode(chain) + Pem.encode(key));
  }

  /** Never shows the key. */
  @Override
  public String toString() {
    return "Identity[" + certificate().getSubjectX500Principal() + "]";
  }
}
