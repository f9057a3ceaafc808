package io.hubspoke.tunnel.ssh;

import java.security.Provider;
import java.security.Security;
import java.util.Optional;
import org.apache.sshd.common.util.security.AbstractSecurityProviderRegistrar;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.common.util.security.eddsa.generic.EdDSASupport;

/** Keeps MINA to the JDK's own cryptography: left alone, it registers Bouncy Castle's provider. */
final class JdkSecurity extends AbstractSecurityProviderRegistrar {
  static {
    SecurityUtils.setAPrioriDisabledProvider(SecurityUtils.BOUNCY_CASTLE, true);
    SecurityUtils.setAPrioriDisabledProvider(SecurityUtils.EDDSA, true);
    SecurityUtils.registerSecurityProvider(new JdkSecurity());
  }

  private JdkSecurity() {
    super("SunEC");
  }

  /** Must have been called before MINA is used for the first time. */
  static void use() {
    // The static initializer has done it.
  }

  @Override
  public boolean isSupported() {
    return getSecurityProvider() != null;
  }

  @Override
  public Provider getSecurityProvider() {
    return Security.getProvider(getName());
  }

  @Override
  public boolean isNamedProviderUsed() {
    return false;
  }

  @Override
  public Optional<EdDSASupport<?, ?>> getEdDSASupport() {
    return Optional.of(new JdkEdDsa());
  }
}
