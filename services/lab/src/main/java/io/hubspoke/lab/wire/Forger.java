package io.hubspoke.lab.wire;

import java.security.cert.X509Certificate;
import javax.net.ssl.X509ExtendedKeyManager;

/** Issues, from an authority that nobody trusts, a certificate that says what the true one says. */
@FunctionalInterface
public interface Forger {
  /** Returns keys for a server that claims the true one's subject and names. */
  X509ExtendedKeyManager forge(X509Certificate genuine);
}
