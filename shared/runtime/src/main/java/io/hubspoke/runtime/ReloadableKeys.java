package io.hubspoke.runtime;

import io.hubspoke.pki.Identity;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Presents one certificate and key, which can be replaced while connections go on; a handshake
 * begun later uses the new ones. Presents nothing while there is none.
 */
public final class ReloadableKeys extends X509ExtendedKeyManager {
  /** The alias tells generations apart: a handshake asks for chain and key in two calls. */
  private record Generation(String alias, Identity identity, Generation previous) {}

  private volatile Generation current;

  /** Makes keys that present nothing until {@link #replace}. */
  public ReloadableKeys() {}

  public ReloadableKeys(Identity identity) {
    replace(identity);
  }

  /** Presents this certificate from now on. */
  public synchronized void replace(Identity identity) {
    Generation old = current;
    current =
        old == null
            ? new Generation("1", identity, null)
            : new Generation(
                Integer.toString(Integer.parseInt(old.alias) + 1),
                identity,
                new Generation(old.alias, old.identity, null));
  }

  /** Returns the certificate presented, or null. */
  public X509Certificate certificate() {
    Generation now = current;
    return now == null ? null : now.identity.certificate();
  }

  private String alias(String keyType) {
    Generation now = current;
    // "EC", "RSA", and the "EC_EC" of older suites.
    return now != null && keyType.startsWith(now.identity.key().getAlgorithm()) ? now.alias : null;
  }

  private String alias(String[] keyTypes) {
    for (String type : keyTypes) {
      String alias = alias(type);
      if (alias != null) {
        return alias;
      }
    }
    return null;
  }

  private Identity identity(String alias) {
    Generation now = current;
    if (now == null) {
      return null;
    }
    boolean older = !now.alias.equals(alias) && now.previous != null;
    return older ? now.previous.identity : now.identity;
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    return alias(keyType);
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    return alias(keyType);
  }

  @Override
  public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
    return alias(keyTypes);
  }

  @Override
  public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
    return alias(keyTypes);
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.key();
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return alias(keyType) == null ? null : new String[] {alias(keyType)};
  }

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    return alias(keyType) == null ? null : new String[] {alias(keyType)};
  }
}
