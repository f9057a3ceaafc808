package io.hubspoke.apiserver.proxy;

import io.hubspoke.apiserver.kubeletclient.NodeAddresses.KubeletAddress;
import io.hubspoke.tunnel.Target;

/** Where a proxied request goes. */
sealed interface Backend {

  /** Returns the host and port as they stand in the backend's own URLs. */
  String authority();

  /** A kubelet, reached as for logs: with the apiserver's client certificate. */
  record Kubelet(KubeletAddress address) implements Backend {
    @Override
    public String authority() {
      return new Target(address.host(), address.target().port()).authority();
    }
  }

  /**
   * Anything else: in the clear, or with a certificate that nobody verifies and without one of our
   * own.
   */
  record Direct(boolean tls, Target target) implements Backend {
    @Override
    public String authority() {
      return target.authority();
    }
  }
}
