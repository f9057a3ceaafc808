package io.hubspoke.apiserver.proxy;

import io.hubspoke.apiserver.egress.ConnectProxy;
import io.hubspoke.apiserver.egress.EgressOptions;
import org.junit.jupiter.api.AfterEach;

/** All of it again, when nodes and pods are reached through a proxy. */
class PodStreamThroughTunnelTest extends PodStreamTest {
  private ConnectProxy proxy;

  @Override
  EgressOptions egress() throws Exception {
    closeProxy();
    proxy = new ConnectProxy();
    return proxy.options(dir);
  }

  @AfterEach
  void closeProxy() throws Exception {
    if (proxy != null) {
      proxy.close();
    }
  }
}
