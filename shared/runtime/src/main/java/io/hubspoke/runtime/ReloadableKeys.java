package io.hubspoke.runtime;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Presents one certificate and key, which can be replaced while connections go on; a handshake
 * begun later uses the new ones. Presents nothing while there is none.
 */
public final class ReloadableKeys extends X509ExtendedKeyManager {
  /** The alias tells generations apart: a handshake asks for chain and key in two calls. */
  private record Keys(String alias, PrivateKey key, List<X509Certificate> chain, Keys previous) {}

  private volatile Keys current;

  /** Makes keys that present nothing until {@link #replace}. */
  public ReloadableKeys() {}

  public ReloadableKeys(PrivateKey key, List<X509Certificate> chain) {
    replace(key, chain);
  }

  /** Presents this certificate from now on. */
  public synchronized void replace(PrivateKey key, List<X509Certificate> chain) {
    Keys old = current;
    int generation = old == null ? 1 : Integer.parseInt(old.alias) + 1;
    Keys previous = old == null ? null : new Keys(old.alias, old.key, old.chain, null);
    current = new Keys(Integer.toString(generation), key, List.copyOf(chain), previous);
  }

  /** Returns the certificate presented, or null. */
  public X509Certificate certificate() {
    Keys keys = current;
    return keys == null ? null : keys.chain.getFirst();
  }

  private String alias(String keyType) {
    Keys keys = current;
    // "EC", "RSA", and the "EC_EC" of older suites.
    return keys != null && keyType.startsWith(keys.key.getAlgorithm()) ? keys.alias : null;
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

  private Keys generation(String alias) {
    Keys keys = current;
    return keys == null || keys.alias.equals(alias) ? keys : keys.previous;
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
    Keys keys = generation(alias);
    return keys == null ? null : keys.chain.toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    Keys keys = generation(alias);
    return keys == null ? null : keys.key;
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
